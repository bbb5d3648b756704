"""A refusal becomes one sentence with the gateway's own words and the mend, and an exit code."""

from typing import Any

import httpx
import pytest
from gateway.client.errors import CallFailed, Refused, TryLater
from gateway.client.refusals import bearer_challenge, refusal, unreachable

CHALLENGE = (
    'Bearer resource_metadata="https://g/.well-known/oauth-protected-resource/mcp/weather", '
    'error="insufficient_scope", scope="mcp:weather mcp:weather:alerts"'
)


def answer(status: int, message: str = "no", **headers: str) -> httpx.Response:
    body: dict[str, Any] = {"jsonrpc": "2.0", "id": None, "error": {"code": -32000, "message": message}}
    return httpx.Response(status, json=body, headers={k.replace("_", "-"): v for k, v in headers.items()})


@pytest.mark.covers("A4", "R2")
def test_401_says_how_to_get_a_token() -> None:
    error = refusal(answer(401, "The token has expired"))
    assert isinstance(error, Refused)
    assert str(error) == 'The gateway answers 401 "The token has expired"; get a new token with `mcp-gateway token`.'
    assert (error.status, error.exit_code) == (401, 4)


@pytest.mark.covers("R3")
def test_403_for_scope_says_which_scopes_to_ask_for() -> None:
    error = refusal(answer(403, "More scopes are needed", www_authenticate=CHALLENGE))
    assert "`mcp-gateway token --scope mcp:weather --scope mcp:weather:alerts`" in str(error)
    assert error.exit_code == 4


@pytest.mark.covers("R7")
def test_403_for_another_reason_suggests_no_scope() -> None:
    assert "--scope" not in str(refusal(answer(403, "Origin not allowed")))


@pytest.mark.covers("S17")
@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_try_again_later_is_told_with_the_seconds(status: int) -> None:
    error = refusal(answer(status, "busy", retry_after="7"))
    assert isinstance(error, TryLater)
    assert str(error) == f'The gateway answers {status} "busy"; try again in 7 s.'
    assert (error.retry_after, error.exit_code) == (7, 5)


@pytest.mark.parametrize("value", ["", "Wed, 21 Oct 2026 07:28:00 GMT", "-1"])
def test_retry_after_that_is_no_number_is_later(value: str) -> None:
    assert str(refusal(answer(503, "down", retry_after=value))).endswith("try again later.")


def test_500_is_a_failure_of_the_server() -> None:
    assert isinstance(refusal(answer(500, "broken")), CallFailed)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"error":"x"}', b"\xff"])
def test_body_without_words_leaves_the_status_to_speak(body: bytes) -> None:
    assert str(refusal(httpx.Response(404, content=body))) == "The gateway answers 404 Not Found."


@pytest.mark.covers("S19")
def test_control_characters_do_not_reach_the_terminal() -> None:
    assert "\x1b" not in str(refusal(answer(400, "a\x1b[2Jb\nc")))
    assert len(str(refusal(answer(400, "a\x1b[2Jb\nc"))).splitlines()) == 1


def test_challenge_is_read_with_its_quotes_and_commas() -> None:
    challenge = bearer_challenge(answer(403, www_authenticate='Bearer realm="a, b", error="x"'))
    assert challenge == {"realm": "a, b", "error": "x"}
    assert bearer_challenge(answer(401, www_authenticate='Basic realm="x"')) == {}


def test_untrusted_certificate_is_told_apart_from_silence() -> None:
    silent = unreachable("https://g", httpx.ConnectError("Connection refused"))
    untrusted = unreachable(
        "https://g", httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed")
    )
    assert "does not answer" in str(silent)
    assert "is not trusted" in str(untrusted)
