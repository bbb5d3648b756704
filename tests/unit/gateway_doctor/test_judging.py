"""The pure judgements, on answers that a fake server would be much work for."""

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from gateway.doctor.examine import broke_off
from gateway.doctor.findings import Level
from gateway.doctor.rpc import reply
from gateway.doctor.steps.certificate import Shown, judge_error, judge_expiry, read
from gateway.doctor.steps.challenge import bearer, judge_stranger
from gateway.doctor.steps.claims import judge_claims, read_unverified, seconds
from gateway.doctor.steps.discovery import judge_metadata
from gateway.doctor.steps.issuer import candidates
from gateway.doctor.steps.methods import judge_method
from gateway.doctor.target import parse_target
from gateway.doctor.wire import Answer
from hypothesis import given
from hypothesis import strategies as st

URL = "https://gw.example/mcp"
NOW = datetime(2026, 7, 1, tzinfo=UTC)
SHOWN = Shown(("gw.example",), "A CA", NOW + timedelta(days=90))


def answer(status: int, body: bytes = b"", **headers: str) -> Answer:
    return Answer(URL, status, httpx.Headers({k.replace("_", "-"): v for k, v in headers.items()}), body)


@pytest.mark.parametrize(
    ("header", "parameters"),
    [
        ('Bearer scope="a b", error=invalid_token', {"scope": "a b", "error": "invalid_token"}),
        ('bearer SCOPE="a"', {"scope": "a"}),
        ("Bearer", {}),
        ('Basic realm="x, Bearer y", Bearer scope="a", resource_metadata="https://m"', None),
        ('Negotiate, Basic realm="x"', None),
        ("", None),
    ],
)
def test_the_bearer_challenge_is_found_among_others(header: str, parameters: dict[str, str] | None) -> None:
    expected = {"scope": "a", "resource_metadata": "https://m"} if "Bearer y" in header else parameters
    assert bearer(answer(401, www_authenticate=header)) == expected


@given(st.text())
def test_any_challenge_is_read_without_stumbling(header: str) -> None:
    found = bearer(answer(401, www_authenticate=header.encode("ascii", "replace").decode()))
    assert found is None or all(isinstance(value, str) for value in found.values())


def test_an_issuer_with_a_path_is_looked_for_in_the_order_that_mcp_demands() -> None:
    assert candidates("https://as.example/realms/x") == [
        "https://as.example/.well-known/oauth-authorization-server/realms/x",
        "https://as.example/.well-known/openid-configuration/realms/x",
        "https://as.example/realms/x/.well-known/openid-configuration",
    ]


def test_an_issuer_without_a_path_is_looked_for_at_two_places() -> None:
    assert candidates("https://as.example") == [
        "https://as.example/.well-known/oauth-authorization-server",
        "https://as.example/.well-known/openid-configuration",
    ]


@pytest.mark.parametrize(
    ("claims", "level", "cause"),
    [
        ({"aud": URL, "scope": "mcp:a", "exp": 200}, Level.OK, "without checking the signature"),
        ({"aud": ["x", URL], "scope": "mcp:a x"}, Level.OK, "without an expiry"),
        ({"aud": "https://other", "scope": "mcp:a"}, Level.WARNING, "its audience is https://other"),
        ({"aud": URL, "scope": "mcp:ab"}, Level.WARNING, "it lacks mcp:a"),
        ({"aud": URL, "scope": "mcp:a", "exp": 40}, Level.FAILURE, "expired 60 s ago"),
        ({"aud": URL, "scope": "mcp:a", "iat": 160}, Level.WARNING, "issued 60 s in the future"),
    ],
)
def test_claims_are_held_against_the_url_the_scopes_and_the_clock(
    claims: dict[str, object], level: Level, cause: str
) -> None:
    (finding,) = judge_claims(claims, URL, ["mcp:a"], now=100)
    assert (finding.level, cause in finding.text) == (level, True), finding


@pytest.mark.parametrize("token", ["opaque", "a.b", "a.b.c", "a.!.c", "..", "a.W10.c", "é.é.é"])
def test_what_is_no_jwt_has_no_claims(token: str) -> None:
    assert read_unverified(token) is None


@pytest.mark.parametrize("value", [None, "5", True, -1, 2**70, float("nan"), float("inf")])
def test_what_is_no_date_is_none(value: object) -> None:
    assert seconds(value) is None


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (10, "expired on"),
        (9, "not valid yet"),
        (62, "is for gw.example, not for other.example"),
        (64, "is for gw.example, not for other.example"),
        (18, "self-signed"),
        (20, "signed by A CA, which is not trusted here"),
    ],
)
def test_each_verdict_of_openssl_has_its_own_words(code: int, cause: str) -> None:
    assert cause in judge_error(code, "openssl's words", SHOWN, "other.example").text


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (TimeoutError(), "broke off (no answer within the 2 s of --timeout)"),
        (OSError("no route to host"), "broke off (no route to host)"),
    ],
)
def test_a_step_that_ends_early_always_has_a_reason(error: Exception, text: str) -> None:
    assert broke_off(error, 2.0).text == text


@pytest.mark.parametrize(
    ("resource", "level", "names_public_url"),
    [
        (URL, None, False),
        (f"{URL}/", Level.WARNING, False),
        ("https://gw.example/other", Level.FAILURE, False),
        ("https://localhost/mcp", Level.FAILURE, True),
        (None, Level.FAILURE, True),
    ],
)
def test_a_final_slash_is_a_warning_and_public_url_is_named_where_the_origin_differs(
    resource: object, level: Level | None, names_public_url: bool
) -> None:
    document = json.dumps({"resource": resource, "authorization_servers": ["https://as.example"]}).encode()
    found = judge_metadata(answer(200, document, content_type="application/json"), parse_target(URL))
    assert [finding.level for finding in found] == ([level] if level else [])
    assert any("PUBLIC_URL" in str(finding.fix) for finding in found) is names_public_url


@pytest.mark.parametrize(
    ("path", "fix"),
    [("", "it is often /mcp"), ("/x", "it is often /mcp"), ("/mcp", "at /mcp/NAME"), ("/mcp/x", "at /mcp/NAME")],
)
def test_the_usual_path_is_not_advised_to_who_typed_it(path: str, fix: str) -> None:
    assert fix in str(judge_stranger(answer(404), path).fix)


def test_bytes_that_are_no_certificate_are_described_as_such() -> None:
    assert read(b"no certificate").issuer == "unreadable"


def test_a_certificate_with_time_left_is_ok() -> None:
    assert judge_expiry(SHOWN, NOW).level is Level.OK
    assert judge_expiry(SHOWN, NOW + timedelta(days=77)).level is Level.WARNING


EVENTS = b': hi\n\ndata: {"jsonrpc":"2.0","method":"x"}\n\ndata: {"jsonrpc":"2.0",\r\ndata: "id":1,"result":{}}\r\n\r\n'


def test_the_answer_is_found_in_a_stream_after_comments_and_notifications() -> None:
    found = reply(answer(200, EVENTS, content_type="text/event-stream; charset=utf-8"))
    assert found == {"jsonrpc": "2.0", "id": 1, "result": {}}


@pytest.mark.parametrize(
    ("method", "status", "headers", "session", "level"),
    [
        ("GET", 200, {"content_type": "text/event-stream"}, False, Level.OK),
        ("GET", 405, {"allow": "POST, OPTIONS"}, False, Level.OK),
        ("DELETE", 204, {}, True, Level.OK),
        ("DELETE", 204, {}, False, Level.WARNING),
        ("GET", 200, {"content_type": "text/html"}, False, Level.WARNING),
    ],
)
def test_get_opens_a_stream_delete_ends_a_session_or_neither_is_allowed(
    method: str, status: int, headers: dict[str, str], session: bool, level: Level
) -> None:
    assert judge_method(method, answer(status, b"", **headers), has_session=session).level is level
