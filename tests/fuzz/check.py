"""The Check handler: whatever Envoy sends and the authorization server answers, no allow without good reason."""

from collections.abc import Coroutine
from typing import Any

from ext_authz.authorizer import Authorizer
from ext_authz.ended_sessions import EndedSessions
from ext_authz.grpc_service import AuthorizationService
from ext_authz.introspection import CacheSettings, Introspection
from ext_authz.verdict import Allow, Deny
from ext_authz.xds import CheckRequest, CheckResponse
from google.protobuf.message import DecodeError

from tests.fuzz.spelled import Spelled, spelled
from tests.support.authz import (
    CALCULATOR_URL,
    ISSUER,
    NOW,
    WEATHER_URL,
    FakeAuthorizationServer,
    FakeObserver,
    FakeRecorder,
    answer,
    directly,
    shipped_policy,
)

POLICY = shipped_policy()
ORIGINS = frozenset({"http://localhost:6274"})
GOOD = answer(
    aud=["api-gateway", WEATHER_URL, CALCULATOR_URL],
    scope="openid mcp:weather mcp:weather:alerts mcp:calculator mcp:calculator:scientific",
)
"""What the authorization server answers where a text says nothing of that."""

MISSING = object()
SETTINGS = CacheSettings(ttl_seconds=0, size=1)


def check_spelled(data: bytes) -> None:
    """A request, and what is answered about its token."""
    text = spelled(data)
    introspection = GOOD if text.introspection is None else text.introspection
    require_sound(text.check_request(), introspection)


def check_wire(data: bytes) -> None:
    """Bytes as they come from the network; the token is good."""
    try:
        request = CheckRequest.FromString(data)
    except DecodeError:
        return  # gRPC answers that itself, with an error, on which Envoy denies
    require_sound(request, GOOD)


def wire_of(text: Spelled) -> bytes:
    """A seed for ``check_wire``."""
    return bytes(text.check_request().SerializeToString())


def require_sound(request: CheckRequest, introspection: dict[str, Any]) -> Allow | Deny:
    """Answered, without a fault inside, and allowed only where the claims say so by an independent reading."""
    recorder = FakeRecorder()
    server = FakeAuthorizationServer(introspection)
    introspections = Introspection(
        server, ISSUER, SETTINGS, FakeObserver(), EndedSessions(), clock=lambda: 0.0, now=lambda: NOW, soon=directly
    )
    authorizer = Authorizer(POLICY, introspections, ORIGINS, recorder, now=lambda: NOW)
    service = AuthorizationService(authorizer, POLICY, recorder)
    answer = service.check_now(request) or at_once(service.check(request))
    response = CheckResponse.FromString(answer)
    assert not recorder.faults, recorder.faults
    (verdict,) = recorder.verdicts
    assert response.HasField("status"), "an unset status is code 0, which allows"
    is_allowed = response.status.code == 0
    assert is_allowed == isinstance(verdict, Allow)
    assert response.HasField("ok_response") == is_allowed
    assert response.HasField("denied_response") != is_allowed
    if isinstance(verdict, Allow):
        (token,) = server.tokens
        assert token in request.attributes.request.http.headers["authorization"]
        require_reason(introspection, request.attributes.context_extensions["resource"], verdict)
        require_identity(introspection, response)
    return verdict


def require_reason(introspection: dict[str, Any], resource: str, verdict: Allow) -> None:
    """Every claim on which an allow rests, read again, by hand."""
    known = POLICY.resources[resource]
    assert introspection["active"] is True
    assert introspection["iss"] == ISSUER
    assert introspection["exp"] + 5 > NOW
    assert introspection.get("nbf") is None or introspection["nbf"] - 5 <= NOW
    assert {str(introspection.get(name, "bearer")).lower() for name in ("typ", "token_type")} <= {"bearer", "none"}
    audience = introspection["aud"]
    assert known.url in ([audience] if isinstance(audience, str) else audience)
    needed = known.scopes if verdict.tool is None else known.tools[verdict.tool]
    assert needed <= set(introspection["scope"].split(" "))


def require_identity(introspection: dict[str, Any], response: CheckResponse) -> None:
    """The upstream's headers are the claims, each once and in printable ASCII, and the token is taken away.

    A comma, which reads as a second header where two are joined, stands in no text that a user may choose; the
    authorization server's administrator may have one in the name of a scope (RFC 6749 §3.3).
    """
    headers = {option.header.key: option.header.value for option in response.ok_response.headers}
    assert len(headers) == len(response.ok_response.headers)
    assert all(value.isascii() and value.isprintable() for value in headers.values())
    assert not [name for name, value in headers.items() if "," in value and name != "x-user-scopes"]
    removed = set(response.ok_response.headers_to_remove)
    assert "authorization" in removed
    assert set(headers) | removed == {"x-user-sub", "x-user-email", "x-user-scopes", "authorization"}
    assert "x-user-sub" in headers
    assert set(headers.get("x-user-scopes", "").split()) == set((introspection.get("scope") or "").split())


def at_once(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """The result of what never waits: nothing here does, so no event loop is needed."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waits for something")
