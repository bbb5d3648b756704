"""The invariant, for whatever a client sends and whatever the authorization server answers: no allow without claims."""

import json
from typing import Any
from urllib.parse import unquote

import pytest
from ext_authz.authorizer import Authorizer
from ext_authz.bearer import read_bearer
from ext_authz.claims import Claims, UnreadableAnswer, read_claims
from ext_authz.identity import encode_claim
from ext_authz.introspection import Introspected
from ext_authz.operation import Operation, read_operation
from ext_authz.verdict import Allow, Reason
from ext_authz.xds import CheckRequest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.check import at_once, require_sound
from tests.support.authz import (
    ISSUER,
    NOW,
    WEATHER_URL,
    FakeIntrospector,
    FakeRecorder,
    answer,
    claims,
    http_request,
    shipped_policy,
    tool_call,
    unavailable,
)
from tests.support.envoy_check import check_request
from tests.support.strategies import JSON, TEXT

POLICY = shipped_policy()
SCOPES = st.lists(
    st.sampled_from(["openid", "mcp:weather", "mcp:weather:alerts", "MCP:WEATHER", "mcp:weatherx", "mcp", 'a"b']),
    max_size=4,
)
ANSWERS = st.fixed_dictionaries(
    {},
    optional={
        "active": st.just(True) | JSON,
        "iss": st.just(ISSUER) | JSON,
        "typ": st.sampled_from(["Bearer", "bearer", "ID", "Refresh"]) | JSON,
        "token_type": st.just("Bearer") | JSON,
        "sub": st.just("user-1") | JSON,
        "email": TEXT | JSON,
        "scope": SCOPES.map(" ".join) | JSON,
        "aud": st.just(WEATHER_URL) | st.just([WEATHER_URL]) | JSON,
        "exp": st.sampled_from([NOW - 6, NOW, NOW + 60, 1e308]) | JSON,
        "nbf": st.sampled_from([NOW - 60, NOW + 60]) | JSON,
        "cnf": JSON,
        "sid": TEXT | JSON,
        "iat": JSON,
    },
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "authorization": st.sampled_from(["Bearer abc", "bearer a.b.c", "Bearer a,Bearer b", "Basic YTpi"]) | TEXT,
        "content-type": st.sampled_from(["application/json", "application/json; charset=utf-8"]) | TEXT,
        "content-encoding": st.sampled_from(["identity", "gzip"]) | TEXT,
        "origin": st.sampled_from(["http://localhost:6274", "null"]) | TEXT,
        "mcp-method": st.just("tools/call") | TEXT,
        "mcp-name": st.sampled_from(["get_uv_index", "=?base64?Z2V0X3V2X2luZGV4?="]) | TEXT,
        "x-envoy-auth-partial-body": st.sampled_from(["true", "false", "x"]),
    },
)
TOOLS = st.sampled_from(["get_uv_index", "get_weather_alerts", "GET_UV_INDEX", "power"]) | JSON
BODIES = (
    st.binary(max_size=30)
    | JSON.map(lambda value: json.dumps(value).encode())
    | TOOLS.map(tool_call)
    | st.just(b'{"jsonrpc":"2.0","id":1,"method":"tools/list"}')
)
METHODS = st.sampled_from(["POST", "GET", "DELETE", "OPTIONS", "HEAD", "PUT"]) | TEXT
RESOURCES = st.sampled_from(["weather", "calculator", "", "Weather"]) | TEXT


@pytest.mark.covers("S2", "S4", "S12", "S14", "A4")
@given(METHODS, RESOURCES, HEADERS, BODIES, ANSWERS)
def test_an_allow_rests_on_claims_that_are_there_by_an_independent_reading(
    method: str, resource: str, headers: dict[str, str], body: bytes, changes: dict[str, Any]
) -> None:
    request = check_request(resource=resource, method=method, headers=headers, body=body)
    require_sound(CheckRequest.FromString(request), answer() | changes)


@pytest.mark.covers("S2", "S4")
@given(st.sampled_from(list(Reason)) | st.just(unavailable()) | st.just(claims()), METHODS, st.none() | TEXT, BODIES)
def test_without_claims_from_the_introspection_nothing_is_allowed(
    introspected: Introspected | Exception, method: str, authorization: str | None, body: bytes
) -> None:
    introspector = FakeIntrospector(introspected)
    authorizer = Authorizer(POLICY, introspector, frozenset(), FakeRecorder(), now=lambda: NOW)
    request = http_request(method=method, authorization=authorization, body=body)
    verdict = at_once(authorizer.authorize(request))
    if isinstance(verdict, Allow):
        assert isinstance(introspected, Claims)
        assert verdict.identity is introspected.identity
        assert introspector.tokens == [read_bearer(authorization)]


@pytest.mark.covers("A4", "S4")
@given(ANSWERS)
def test_any_introspection_answer_is_claims_a_reason_or_unreadable(changes: dict[str, Any]) -> None:
    members = answer() | changes
    try:
        read = read_claims(members, ISSUER)
    except UnreadableAnswer as unreadable:
        assert unreadable.member in members or unreadable.member == "active"
        return
    if isinstance(read, Claims):
        assert members["active"] is True
        assert members["iss"] == ISSUER
        assert read.identity.scopes == set((members["scope"] or "").split(" ")) - {""}


@pytest.mark.covers("S15")
@given(TEXT)
def test_an_encoded_claim_is_one_header_value_and_says_the_same(text: str) -> None:
    encoded = encode_claim(text)
    assert encoded.isascii()
    assert not set(encoded) & set(",; \t\r\n\0")
    assert unquote(encoded) == text


@pytest.mark.covers("S12")
@given(METHODS, BODIES, HEADERS)
def test_any_request_is_read_or_refused(method: str, body: bytes, headers: dict[str, str]) -> None:
    names = {name: headers.get(name.replace("_", "-")) for name in ("content_type", "mcp_method", "mcp_name")}
    operation = read_operation(http_request(method=method, body=body, **names))
    if isinstance(operation, Operation) and operation.tool is not None:
        assert json.loads(body)["params"]["name"] == operation.tool
