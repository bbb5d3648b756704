"""What a stranger may register, and what is left of everything else (RFC 7591)."""

import json
from typing import Any

import pytest
from ext_authz.registration import (
    KNOWN_CALLBACKS,
    RegistrationError,
    RegistrationRefused,
    client_metadata,
)
from hypothesis import given
from hypothesis import strategies as st

LOOPBACK = "http://localhost:6274/oauth/callback"
PASSED = {"redirect_uris", "client_name", "grant_types", "response_types", "token_endpoint_auth_method"}

VSCODE = {
    "client_name": "Visual Studio Code",
    "client_uri": "https://code.visualstudio.com",
    "grant_types": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
    "response_types": ["code"],
    "redirect_uris": [
        "https://insiders.vscode.dev/redirect",
        "https://vscode.dev/redirect",
        "http://127.0.0.1/",
        "http://127.0.0.1:33418/",
    ],
    "scope": "mcp:weather",
    "token_endpoint_auth_method": "none",
    "application_type": "native",
}

FETCHED_POSTED_SHOWN_OR_FOLLOWED = {
    "backchannel_logout_uri": "http://169.254.169.254/latest",
    "backchannel_logout_session_required": True,
    "frontchannel_logout_uri": "https://evil.example/",
    "sector_identifier_uri": "https://evil.example/",
    "subject_type": "pairwise",
    "jwks_uri": "http://keycloak:9000/metrics",
    "jwks": {"keys": []},
    "request_uris": ["http://127.0.0.1:9901/"],
    "post_logout_redirect_uris": ["https://evil.example/"],
    "initiate_login_uri": "https://evil.example/",
    "logo_uri": "https://evil.example/pixel.png",
    "tos_uri": "javascript:alert(1)",
    "policy_uri": "https://evil.example/",
    "client_uri": "https://evil.example/",
    "scope": "mcp:weather",
    "default_acr_values": ["1"],
    "software_statement": "e30.e30.",
    "client_name#de": "Ein anderer Name",
    "client_id": "api-gateway",
    "client_secret": "chosen",
    "protocolMappers": [{}],
    "redirectUris": ["*"],
    "unknown": {"deep": [1.5]},
}


def register(**changes: Any) -> dict[str, Any]:
    return client_metadata(json.dumps({"redirect_uris": [LOOPBACK]} | changes).encode())


def refusal(**changes: Any) -> RegistrationRefused:
    with pytest.raises(RegistrationRefused) as refused:
        register(**changes)
    return refused.value


@pytest.mark.covers("O13")
def test_the_least_that_can_be_asked_gets_the_defaults_of_the_rfc_but_no_secret() -> None:
    assert register() == {
        "redirect_uris": [LOOPBACK],
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    }


@pytest.mark.covers("O13", "O14")
def test_what_an_editor_really_sends_is_accepted_without_its_scope_and_links() -> None:
    assert client_metadata(json.dumps(VSCODE).encode()) == {
        "client_name": "Visual Studio Code",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "redirect_uris": VSCODE["redirect_uris"],
        "token_endpoint_auth_method": "none",
    }


@pytest.mark.covers("O13")
@pytest.mark.parametrize("member", sorted(FETCHED_POSTED_SHOWN_OR_FOLLOWED))
def test_a_member_that_the_gateway_does_not_need_is_dropped(member: str) -> None:
    assert register(**{member: FETCHED_POSTED_SHOWN_OR_FOLLOWED[member]}) == register()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
MEMBERS = st.sampled_from(sorted({*PASSED, *FETCHED_POSTED_SHOWN_OR_FOLLOWED}))
PLAUSIBLE = st.sampled_from([LOOPBACK, "https://vscode.dev/redirect", "*", "code", "authorization_code", "none"])


@pytest.mark.covers("O13")
@given(st.dictionaries(MEMBERS | st.text(), JSON | PLAUSIBLE | st.lists(PLAUSIBLE)), st.booleans())
def test_nothing_outside_the_list_ever_passes(asked: dict[str, Any], with_callback: bool) -> None:
    body = asked | ({"redirect_uris": [LOOPBACK]} if with_callback else {})
    try:
        accepted = client_metadata(json.dumps(body).encode())
    except RegistrationRefused:
        return
    assert set(accepted) <= PASSED
    assert set(accepted["redirect_uris"]) <= {LOOPBACK, *KNOWN_CALLBACKS}
    assert set(accepted["grant_types"]) <= {"authorization_code", "refresh_token"}
    assert accepted["response_types"] == ["code"]
    assert accepted["token_endpoint_auth_method"] == "none"


@pytest.mark.covers("O13")
@given(st.binary())
def test_any_bytes_are_accepted_or_refused_and_nothing_else(body: bytes) -> None:
    with pytest.raises(RegistrationRefused):
        client_metadata(body)


@pytest.mark.covers("O13")
@pytest.mark.parametrize("name", ["MCP Inspector", "x" * 100, "Wetter für alle (Köln)", "天気", "AT&T's \U0001f600"])
def test_a_printable_name_passes_as_it_is(name: str) -> None:
    assert register(client_name=name)["client_name"] == name


@pytest.mark.covers("O13", "S15")
@pytest.mark.parametrize(
    "name",
    [
        *("", "  ", "x" * 101, "a\nb", "a\x00b", "a\x7fb", "\u202egnp.exe", "\u2066a", "a\u200bb", "a\u2028b"),
        *("<b>x</b>", "${kcLogo}", "{0}", 1, True, ["name"], {"en": "name"}),
    ],
)
def test_a_name_that_could_trick_the_consent_page_is_refused(name: Any) -> None:
    refused = refusal(client_name=name)
    assert refused.error == RegistrationError.INVALID_CLIENT_METADATA
    assert refused.description.startswith("client_name ")


@pytest.mark.covers("O13", "O15")
@pytest.mark.parametrize(
    ("asked", "granted"),
    [
        (None, ["authorization_code"]),
        (["authorization_code"], ["authorization_code"]),
        (["refresh_token", "authorization_code"], ["authorization_code", "refresh_token"]),
        (["authorization_code", "client_credentials", "password", "implicit"], ["authorization_code"]),
    ],
)
def test_grants_without_a_person_are_dropped(asked: Any, granted: list[str]) -> None:
    assert register(grant_types=asked)["grant_types"] == granted


@pytest.mark.covers("O13", "O15")
@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("grant_types", ["client_credentials"]),
        ("grant_types", ["refresh_token"]),
        ("grant_types", ["Authorization_Code"]),
        ("grant_types", []),
        ("grant_types", "authorization_code"),
        ("grant_types", {"authorization_code": 1}),
        ("grant_types", ["authorization_code", 1]),
        ("response_types", ["token"]),
        ("response_types", ["code id_token"]),
        ("response_types", []),
        ("response_types", "code"),
        ("response_types", [["code"]]),
        ("token_endpoint_auth_method", "private_key_jwt"),
        ("token_endpoint_auth_method", "client_secret_jwt"),
        ("token_endpoint_auth_method", "tls_client_auth"),
        ("token_endpoint_auth_method", ""),
        ("token_endpoint_auth_method", ["none"]),
        ("token_endpoint_auth_method", {"none": 1}),
        ("token_endpoint_auth_method", False),
    ],
)
def test_what_cannot_work_here_is_refused_and_named(member: str, value: Any) -> None:
    refused = refusal(**{member: value})
    assert refused.error == RegistrationError.INVALID_CLIENT_METADATA
    assert refused.description.startswith(member)


@pytest.mark.covers("O13")
def test_other_response_types_are_dropped_beside_code() -> None:
    assert register(response_types=["code", "token", "none"])["response_types"] == ["code"]


@pytest.mark.covers("O13")
@pytest.mark.parametrize("method", ["none", "client_secret_basic", "client_secret_post"])
def test_a_client_that_asks_for_a_secret_is_registered_without_one(method: str) -> None:
    assert register(token_endpoint_auth_method=method)["token_endpoint_auth_method"] == "none"


@pytest.mark.covers("O13", "S12")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b"null",
        b'"text"',
        b"{",
        b"\xef\xbb\xbf{}",
        b'{"client_name":"\xff"}',
        b'{"client_name":"\\ud800"}',
        b'{"redirect_uris":["http://localhost/"],"redirect_uris":["*"]}',
        b'{"redirect_uris":["http://localhost/"],"x":NaN}',
        b"[" * 100_000,
        b'{"a":' * 10_000,
    ],
)
def test_a_body_that_could_be_read_two_ways_is_refused(body: bytes) -> None:
    with pytest.raises(RegistrationRefused) as refused:
        client_metadata(body)
    assert refused.value.error == RegistrationError.INVALID_CLIENT_METADATA


@pytest.mark.covers("S19")
def test_a_refusal_repeats_nothing_that_was_sent_and_can_stand_in_an_error_description() -> None:
    """RFC 6749 §5.2 names the characters: ASCII without quotation mark and backslash."""
    sent = 'sesame"\\\n\u2028'
    for member in ("client_name", "token_endpoint_auth_method"):
        assert "sesame" not in refusal(**{member: sent}).description
    for member in ("redirect_uris", "grant_types", "response_types"):
        description = refusal(**{member: [sent]}).description
        assert "sesame" not in description
        assert all(" " <= character <= "~" and character not in '"\\' for character in description)
