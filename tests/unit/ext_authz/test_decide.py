"""The decision itself."""

import pytest
from ext_authz.claims import Claims
from ext_authz.decide import CLOCK_LEEWAY_SECONDS, decide
from ext_authz.operation import HttpRequest
from ext_authz.verdict import Allow, Deny, Reason, Verdict

from tests.support.authz import (
    CALCULATOR_URL,
    NOW,
    WEATHER_URL,
    claims,
    claims_with_scopes,
    http_request,
    shipped_policy,
    tool_call,
)

WEATHER = shipped_policy().resources["weather"]


def decided(with_claims: Claims, request: HttpRequest | None = None, now: float = NOW) -> Verdict:
    return decide(with_claims, WEATHER, request or http_request(), now)


def calling(tool: str) -> HttpRequest:
    return http_request(body=tool_call(tool))


@pytest.mark.covers("A2", "A3")
def test_a_token_with_the_resource_s_scope_may_call_a_plain_tool() -> None:
    token = claims()
    assert decided(token) == Allow(token.identity, "get_uv_index")


@pytest.mark.covers("A4", "S4")
def test_a_token_is_expired_once_the_leeway_is_over_and_not_before() -> None:
    token = claims(expires_at=NOW)
    assert isinstance(decided(token, now=NOW + CLOCK_LEEWAY_SECONDS - 0.1), Allow)
    assert decided(token, now=NOW + CLOCK_LEEWAY_SECONDS) == Deny(Reason.TOKEN_EXPIRED, WEATHER.scopes)


@pytest.mark.covers("S4")
def test_a_token_is_not_valid_before_its_time() -> None:
    token = claims(not_before=NOW + CLOCK_LEEWAY_SECONDS)
    assert isinstance(decided(token), Allow)
    assert decided(token, now=NOW - 0.1) == Deny(Reason.TOKEN_NOT_YET_VALID, WEATHER.scopes)


@pytest.mark.covers("R5", "S4")
@pytest.mark.parametrize(
    "audience",
    [
        set(),
        {"api-gateway"},
        {CALCULATOR_URL},
        {WEATHER_URL + "/"},
        {WEATHER_URL.upper()},
        {WEATHER_URL + "/x"},
        {WEATHER_URL[:-1]},
        {"https://gateway.example"},
        {"weather"},
        {f"{CALCULATOR_URL} {WEATHER_URL}"},
    ],
    ids=str,
)
def test_a_token_for_another_audience_is_refused_though_it_looks_alike(audience: set[str]) -> None:
    verdict = decided(claims(audience=frozenset(audience)))
    assert verdict == Deny(Reason.TOKEN_FOR_ANOTHER_RESOURCE, WEATHER.scopes)


@pytest.mark.covers("R3")
def test_a_missing_tool_scope_is_answered_with_all_scopes_that_the_operation_needs() -> None:
    verdict = decided(claims_with_scopes("mcp:weather"), calling("get_weather_alerts"))
    needed = frozenset({"mcp:weather", "mcp:weather:alerts"})
    assert verdict == Deny(Reason.SCOPE_MISSING, needed, 7, "get_weather_alerts")


@pytest.mark.covers("R3")
def test_a_tool_s_scope_does_not_stand_for_the_resource_s() -> None:
    verdict = decided(claims_with_scopes("mcp:weather:alerts"), calling("get_weather_alerts"))
    assert isinstance(verdict, Deny)
    assert verdict.reason is Reason.SCOPE_MISSING


def test_both_scopes_open_the_tool() -> None:
    verdict = decided(claims_with_scopes("mcp:weather", "mcp:weather:alerts"), calling("get_weather_alerts"))
    assert isinstance(verdict, Allow)


@pytest.mark.covers("S14")
@pytest.mark.parametrize(
    "held",
    [
        "mcp:Weather",
        "MCP:WEATHER",
        "mcp:weather:",
        "mcp:weathe",
        "mcp:weatherx",
        "mcp",
        "mcp:*",
        "*",
        "xmcp:weather",
        "mcp:weather:alerts",
        "mcp:weather,openid",
        "mcp.weather",
        "mcp:weather/",
    ],
)
def test_a_scope_that_looks_like_the_needed_one_is_another(held: str) -> None:
    verdict = decided(claims_with_scopes(held, "openid"))
    assert isinstance(verdict, Deny)
    assert verdict.reason is Reason.SCOPE_MISSING


@pytest.mark.covers("M7")
@pytest.mark.parametrize("tool", ["add", "get_uv_index ", "GET_UV_INDEX", "get_uv_index\x00", "", "__class__", "get"])
def test_a_tool_that_the_policy_does_not_list_is_refused(tool: str) -> None:
    verdict = decided(claims_with_scopes("mcp:weather", "mcp:weather:alerts"), calling(tool))
    assert verdict == Deny(Reason.TOOL_UNLISTED, WEATHER.scopes, 7, tool)


@pytest.mark.parametrize(
    "body",
    [
        b'{"jsonrpc":"2.0","id":1,"method":"initialize"}',
        b'{"jsonrpc":"2.0","method":"notifications/initialized"}',
        b'{"jsonrpc":"2.0","id":1,"result":{}}',
    ],
)
def test_whatever_calls_no_tool_needs_the_resource_s_scopes_only(body: bytes) -> None:
    assert isinstance(decided(claims(), http_request(body=body)), Allow)
    verdict = decided(claims_with_scopes(), http_request(body=body))
    assert isinstance(verdict, Deny)
    assert (verdict.reason, verdict.scopes) == (Reason.SCOPE_MISSING, WEATHER.scopes)


@pytest.mark.covers("M6")
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_streams_and_ends_of_sessions_need_the_resource_s_scopes(method: str) -> None:
    request = http_request(method=method, body=b"")
    assert isinstance(decided(claims(), request), Allow)
    assert isinstance(decided(claims_with_scopes(), request), Deny)


@pytest.mark.covers("S4")
def test_a_bad_token_is_told_before_a_bad_body() -> None:
    verdict = decided(claims(audience=frozenset()), http_request(body=b"{"))
    assert isinstance(verdict, Deny)
    assert verdict.reason is Reason.TOKEN_FOR_ANOTHER_RESOURCE
