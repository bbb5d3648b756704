"""Where a stranger's client may have its codes sent: loopback, and the callbacks of known clients (RFC 8252 §7.3)."""

import json
from typing import Any

import pytest
from ext_authz.registration import (
    KNOWN_CALLBACKS,
    MAX_REDIRECT_URI_LENGTH,
    RegistrationError,
    RegistrationRefused,
    client_metadata,
    for_any_port,
)

LOOPBACK = "http://localhost:6274/oauth/callback"


def accepted(uris: Any) -> Any:
    return client_metadata(json.dumps({"redirect_uris": uris}).encode())["redirect_uris"]


def refusal(uris: Any) -> RegistrationRefused:
    with pytest.raises(RegistrationRefused) as refused:
        accepted(uris)
    return refused.value


@pytest.mark.covers("O14")
@pytest.mark.parametrize(
    "uri",
    [
        *sorted(KNOWN_CALLBACKS),
        LOOPBACK,
        "http://127.0.0.1:33418/",
        "http://127.0.0.1/",
        "http://[::1]:22/callback",
        "http://localhost",
        "http://localhost:65535",
        "http://localhost:1/a/b.c/~d/...",
    ],
)
def test_loopback_and_known_callbacks_are_accepted(uri: str) -> None:
    assert accepted([uri]) == [uri]


@pytest.mark.covers("O14")
def test_a_loopback_callback_is_registered_for_any_port_and_others_as_they_are() -> None:
    """RFC 8252 §7.3: the port is known at sign-in only."""
    asked = ["http://localhost:6274/cb", "https://vscode.dev/redirect", "http://127.0.0.1:1/", "http://[::1]:22/a:b"]
    assert for_any_port({"redirect_uris": asked}) == {
        "redirect_uris": [*asked, "http://localhost/cb", "http://127.0.0.1/", "http://[::1]/a:b"]
    }
    both = {"redirect_uris": ["http://localhost", "http://localhost:1"], "client_name": "x"}
    assert for_any_port(both) == both


@pytest.mark.covers("O13", "O14")
@pytest.mark.parametrize(
    "uri",
    [
        "*",
        "",
        "+",
        "/relative",
        "//localhost/cb",
        "localhost/cb",
        "evil://localhost/cb",
        "file:///etc/passwd",
        "file://localhost/cb",
        "data:text/html,x",
        "javascript:alert(1)",
        "javascript://localhost/%0aalert(1)",
        "ftp://localhost/cb",
        "http://localhost/*",
        "http://localhost:*/cb",
        "http://localhost/a*b",
        "http://*/cb",
        "http://127.1/",
        "http://127.0.0.2/",
        "http://2130706433/",
        "http://0x7f.0.0.1/",
        "http://0177.0.0.1/",
        "http://0.0.0.0/",
        "http://[::]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[0:0:0:0:0:0:0:1]/",
        "http://[::1%25lo]/",
        "http://::1/",
        "http://LOCALHOST/cb",
        "HTTP://localhost/cb",
        "http://localhost./cb",
        "http://localhost.evil.example/cb",
        "http://evil.localhost/cb",
        "http://xlocalhost/cb",
        "http://localhost@evil.example/cb",
        "http://user@localhost/cb",
        "http://user:word@127.0.0.1/cb",
        "http://@localhost/cb",
        "http://localhost:80@evil.example/",
        "http://localhost\\@evil.example/cb",
        "http://localhost\\evil.example/cb",
        "http:\\\\localhost\\cb",
        "http:/localhost/cb",
        "http:localhost/cb",
        "http:///localhost/cb",
        "http://localhost/cb#fragment",
        "http://localhost/cb#",
        "http://localhost#@evil.example/",
        "http://localhost/cb?x=y",
        "http://localhost?x",
        "http://localhost:/cb",
        "http://localhost:0/cb",
        "http://localhost:080/cb",
        "http://localhost:65536/cb",
        "http://localhost:999999/cb",
        "http://localhost:-1/cb",
        "http://localhost:8\uff10/cb",
        "http://localhost:6274cb",
        "http://localhost/a/../b",
        "http://localhost/..",
        "http://localhost/./b",
        "http://localhost/%2e%2e/b",
        "http://localhost/%2a",
        "http://localhost/%0d%0aSet-Cookie:x",
        "http://localhost/c b",
        "http://localhost/cb\n",
        "http://localhost/cb\r\nX: y",
        "\thttp://localhost/cb",
        " http://localhost/cb",
        "http://local\thost/cb",
        "http://localhost/cb\x00",
        "http://l\u043ecalhost/cb",
        "http://localhost\u3002/cb",
        "http://localhost/\u00e9",
        'http://localhost/"><script>',
        "https://localhost/cb",
        "https://evil.example/callback",
        "https://vscode.dev/",
        "https://vscode.dev/redirect/",
        "https://vscode.dev/redirect?url=https://evil.example",
        "https://vscode.dev/redirect#x",
        "https://vscode.dev:443/redirect",
        "https://vscode.dev:8443/redirect",
        "https://vscode.dev.evil.example/redirect",
        "https://user@vscode.dev/redirect",
        "http://vscode.dev/redirect",
        "https://claude.ai/*",
        "https://claude.ai/api/mcp/auth_callback/../x",
        "cursor://evil/oauth/callback",
        "cursor://anysphere.cursor-mcp/oauth/callback?x=y",
        "cursor://anysphere.cursor-mcp/*",
    ],
)
def test_any_other_callback_refuses_the_registration_and_is_told_by_its_place(uri: str) -> None:
    refused = refusal([LOOPBACK, uri])
    assert refused.error == RegistrationError.INVALID_REDIRECT_URI
    assert refused.description.startswith("redirect_uris[1] ")


@pytest.mark.covers("O13")
@pytest.mark.parametrize("value", [None, [], LOOPBACK, {"0": LOOPBACK}, 1, [1], [None], [[LOOPBACK]], [LOOPBACK] * 11])
def test_redirect_uris_must_be_a_list_of_one_to_ten_strings(value: Any) -> None:
    assert refusal(value).error == RegistrationError.INVALID_REDIRECT_URI


@pytest.mark.covers("O13")
def test_as_many_and_as_long_callbacks_as_keycloak_can_store_are_accepted() -> None:
    longest = [(f"{LOOPBACK}{n}").ljust(MAX_REDIRECT_URI_LENGTH, "a") for n in range(10)]
    assert accepted(longest) == longest
    assert refusal([longest[0] + "a"]).error == RegistrationError.INVALID_REDIRECT_URI
