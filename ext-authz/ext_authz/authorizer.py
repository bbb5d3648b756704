"""Answers one question, "may this request pass?", by asking the parts in order. Start reading here.

    route's resource → origin → method → Authorization header → introspection (cached) → decide

Each step either ends with a ``Deny`` or hands on what the next one needs. What can be refused without asking the
authorization server is refused before it is asked.
"""

import time
from collections.abc import Callable
from typing import Protocol

from ext_authz.bearer import read_bearer
from ext_authz.claims import Claims
from ext_authz.decide import decide
from ext_authz.introspection import AuthorizationServerUnavailable, Introspected
from ext_authz.operation import HttpRequest
from ext_authz.policy import Resource
from ext_authz.policy_in_force import Policies
from ext_authz.verdict import ALLOWED_METHODS, Deny, Reason, Verdict


class Introspector(Protocol):
    async def introspect(self, token: str, address: str) -> Introspected:
        """Raises AuthorizationServerUnavailable."""
        ...

    def known(self, token: str) -> Introspected | None:
        """The same without waiting, where that is possible."""
        ...


class Recorder(Protocol):
    """Is told of each decision."""

    def decided(
        self, request: HttpRequest, resource: str, verdict: Verdict, subject: str | None, seconds: float
    ) -> None: ...

    def unavailable(self, request_id: str, cause: str) -> None: ...


class Authorizer:
    """Decides for all resources of ``policy``. ``allowed_origins`` are compared whole (RFC 6454 §6.2)."""

    def __init__(
        self,
        policy: Policies,
        introspector: Introspector,
        allowed_origins: frozenset[str],
        recorder: Recorder,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._policy = policy
        self._introspector = introspector
        self._allowed_origins = allowed_origins
        self._recorder = recorder
        self._now = now

    async def authorize(self, request: HttpRequest) -> Verdict:
        """The verdict on ``request``, recorded."""
        started = time.perf_counter()
        resource = self._policy.resources.get(request.resource)
        claims: Claims | None = None
        if resource is None:
            # A route without its resource's name is a mistake in Envoy's configuration. Never guess from the path.
            verdict: Verdict = Deny(Reason.RESOURCE_UNKNOWN)
        else:
            token = self._token(request, resource)
            if isinstance(token, Deny):
                verdict = token
            else:
                verdict, claims = await self._judge(token, request, resource)
        subject = claims.identity.subject if claims else None
        name = resource.name if resource else "unknown"
        self._recorder.decided(request, name, verdict, subject, time.perf_counter() - started)
        return verdict

    def _token(self, request: HttpRequest, resource: Resource) -> str | Deny:
        """The token to ask about, or a refusal that needs none."""
        # Browsers send Origin and cannot forge it; other clients send none (MCP, "Security Warning": DNS rebinding).
        if request.origin is not None and request.origin not in self._allowed_origins:
            return Deny(Reason.ORIGIN_REFUSED)
        if request.method == "OPTIONS":
            return Deny(Reason.OPTIONS_ANSWERED)
        if request.method not in ALLOWED_METHODS:
            return Deny(Reason.METHOD_REFUSED)
        token = read_bearer(request.authorization)
        return Deny(token, resource.scopes) if isinstance(token, Reason) else token

    async def _judge(self, token: str, request: HttpRequest, resource: Resource) -> tuple[Verdict, Claims | None]:
        try:
            introspected = self._introspector.known(token) or await self._introspector.introspect(
                token, request.client_address
            )
        except AuthorizationServerUnavailable as error:
            # Never a 401: that would send every client to sign in again because of our own outage.
            self._recorder.unavailable(request.request_id, error.cause)
            return Deny(Reason.AUTHORIZATION_SERVER_UNAVAILABLE), None
        if isinstance(introspected, Reason):
            return Deny(introspected, resource.scopes), None
        return decide(introspected, resource, request, self._now()), introspected
