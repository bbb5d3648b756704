"""Translates between Envoy's external authorization protocol and ``HttpRequest`` / ``Verdict``. Decides nothing.

Protocol: envoy.service.auth.v3 (external_auth.proto, attribute_context.proto). A ``CheckResponse`` whose ``status`` is
unset reads as code 0, which Envoy takes for "allow": every response made here sets it, and the catch-all denies.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Protocol

from mcp_wire import error_body

from ext_authz.challenge import challenge
from ext_authz.completion_queue.server import AtOnce, QueueServer
from ext_authz.identity import Identity
from ext_authz.operation import HttpRequest
from ext_authz.policy import Resource
from ext_authz.policy_in_force import Policies
from ext_authz.verdict import ALLOWED_METHODS, REFUSALS, RETRY_AFTER_SECONDS, Allow, Deny, Reason, Verdict
from ext_authz.xds import (
    AUTHORIZATION_SERVICE,
    AttributeContext,
    CheckRequest,
    CheckResponse,
    DeniedHttpResponse,
    HeaderValue,
    HeaderValueOption,
    HttpStatus,
    OkHttpResponse,
    Status,
)

RESOURCE_EXTENSION = "resource"
"""Key in ``context_extensions`` under which Envoy's routes name their resource."""

_PARTIAL_BODY = "x-envoy-auth-partial-body"
"""Set by Envoy on the check request when it sends a body; "true" if it cut it (ext_authz BufferSettings)."""


class Decides(Protocol):
    def authorize_now(self, request: HttpRequest) -> Verdict | None: ...
    async def authorize(self, request: HttpRequest) -> Verdict: ...


class FaultRecorder(Protocol):
    def failed(self, request_id: str, error: BaseException) -> None: ...


class AuthorizationService:
    """envoy.service.auth.v3.Authorization, in serialized ``CheckResponse``. It answers all requests and raises on none.

    ``check_now`` is called in the gRPC server's thread, ``check`` on the event loop for what the former left open.
    """

    def __init__(self, authorizer: Decides, policy: Policies, recorder: FaultRecorder) -> None:
        self._authorizer = authorizer
        self._policy = policy
        self._recorder = recorder

    def add_to(self, server: QueueServer) -> None:
        """Serve it there."""
        server.add_at_once(AUTHORIZATION_SERVICE, "Check", AtOnce(CheckRequest.FromString, self.check_now, self.check))

    def check_now(self, request: CheckRequest) -> bytes | None:
        """The answer, or None where Keycloak has to be asked for it."""
        try:
            http_request = to_http_request(request.attributes)
            verdict = self._authorizer.authorize_now(http_request)
            return None if verdict is None else self._answer(http_request, verdict)
        except Exception as error:  # noqa: BLE001 - the catch-all: a fault of any kind must deny, and be told
            return self._fault(request, error)

    async def check(self, request: CheckRequest) -> bytes:
        """The answer, however long it takes."""
        try:
            http_request = to_http_request(request.attributes)
            return self._answer(http_request, await self._authorizer.authorize(http_request))
        except Exception as error:  # noqa: BLE001 - as above
            return self._fault(request, error)

    def _answer(self, request: HttpRequest, verdict: Verdict) -> bytes:
        if isinstance(verdict, Allow):
            return _allowed(verdict.identity)
        return _denied(verdict, self._policy.resources.get(request.resource))

    def _fault(self, request: CheckRequest, error: Exception) -> bytes:
        self._recorder.failed(request.attributes.request.http.headers.get("x-request-id", ""), error)
        return _denied(Deny(Reason.INTERNAL_FAULT), None)


def to_http_request(attributes: AttributeContext) -> HttpRequest:
    """What Envoy says about the request. Header names are lower case there, doubled ones joined with a comma."""
    http = attributes.request.http
    header: Callable[..., Any] = http.headers.get
    return HttpRequest._make(  # with each field named, all this would take a fifth longer
        (
            attributes.context_extensions.get(RESOURCE_EXTENSION, ""),
            http.method,
            http.path.partition("?")[0].partition("#")[0],
            header("authorization"),
            header("origin"),
            header("content-type"),
            header("content-encoding"),
            header("mcp-method"),
            header("mcp-name"),
            http.raw_body,
            header(_PARTIAL_BODY, "false") != "false",
            header("x-request-id", ""),
            attributes.source.address.socket_address.address,
        )
    )


def to_check_response(verdict: Verdict, resource: Resource | None) -> CheckResponse:
    """``resource`` is the one asked for, if the policy has it: challenges point to its metadata."""
    return _allow(verdict.identity) if isinstance(verdict, Allow) else _deny(verdict, resource)


@lru_cache(maxsize=1024)  # a user's requests follow one another, and are all answered alike
def _allowed(identity: Identity) -> bytes:
    return _serialized(_allow(identity))


def _denied(deny: Deny, resource: Resource | None) -> bytes:
    return _serialized(_deny(deny, resource))


def _serialized(response: CheckResponse) -> bytes:
    return bytes(response.SerializeToString())


def _allow(identity: Identity) -> CheckResponse:
    claims = identity.headers()
    return CheckResponse(
        status=Status(code=0),
        ok_response=OkHttpResponse(
            headers=[_header(name, value) for name, value in claims.items() if value is not None],
            # An empty value would be dropped by Envoy and leave what a client may have sent; the token is for the
            # gateway only and is never passed on (MCP, "Token Passthrough").
            headers_to_remove=["authorization", *(name for name, value in claims.items() if value is None)],
        ),
    )


def _deny(deny: Deny, resource: Resource | None) -> CheckResponse:
    refusal = REFUSALS[deny.reason]
    headers = {"cache-control": "no-store", **_further_headers(deny, resource)}
    body = b""
    if refusal.text:
        headers["content-type"] = "application/json"
        body = error_body(refusal.rpc_code, deny.detail or refusal.text, id=deny.message_id, data=_data(deny))
    return CheckResponse(
        status=Status(code=refusal.grpc_code, message=deny.reason.value),
        denied_response=DeniedHttpResponse(
            status=HttpStatus(code=refusal.http_status),  # the enum's values are HTTP's own
            headers=[_header(name, value) for name, value in headers.items()],
            body=body.decode(),
        ),
    )


def _further_headers(deny: Deny, resource: Resource | None) -> dict[str, str]:
    refusal = REFUSALS[deny.reason]
    if resource is not None and (refusal.http_status == 401 or refusal.oauth_error):  # noqa: PLR2004 - RFC 9110 §15.5.2
        return {"www-authenticate": challenge(resource, deny.scopes, refusal.oauth_error)}
    if refusal.http_status in (429, 503):  # RFC 6585 §4, RFC 9110 §15.6.4
        return {"retry-after": str(RETRY_AFTER_SECONDS)}
    if deny.reason in (Reason.METHOD_REFUSED, Reason.OPTIONS_ANSWERED):
        return {"allow": ", ".join(ALLOWED_METHODS)}
    return {}


def _data(deny: Deny) -> dict[str, Any] | None:
    return {"scope": " ".join(sorted(deny.scopes))} if deny.reason is Reason.SCOPE_MISSING else None


def _header(name: str, value: str) -> HeaderValueOption:
    return HeaderValueOption(
        header=HeaderValue(key=name, value=value),
        append_action=HeaderValueOption.HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
    )
