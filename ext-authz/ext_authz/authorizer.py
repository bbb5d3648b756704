"""Answers one question, "may this request pass?", by asking the parts in order. Start reading here.

    route's resource → origin → method → Authorization header → introspection (cached) → decide

Each step either ends with a ``Deny`` or hands on what the next one needs. What can be refused without asking the
authorization server is refused before it is asked.
"""

import time
from collections.abc import Callable
from typing import Protocol

from ext_authz.bearer import read_bearer, usual_token
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
        """The same without waiting, where that is possible: for no text that was not introspected as a token before."""
        ...


class Recorder(Protocol):
    """Is told of each decision."""

    @property
    def is_behind(self) -> bool: ...

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

    def authorize_now(self, request: HttpRequest) -> Verdict | None:
        """The verdict on ``request``, recorded; None where it must be waited for. May be called in any thread."""
        if self._recorder.is_behind:  # on the event loop this request waits until that is so no longer
            return None
        started = time.perf_counter()
        resource = self._policy.resources.get(request.resource)
        found = self._found_at_once(request, resource)
        return None if found is None else self._verdict(request, resource, found, started)

    async def authorize(self, request: HttpRequest) -> Verdict:
        """The verdict on ``request``, recorded, however long it takes."""
        started = time.perf_counter()
        resource = self._policy.resources.get(request.resource)
        found = self._found_at_once(request, resource) or await self._introspected(request)
        return self._verdict(request, resource, found, started)

    def _verdict(
        self, request: HttpRequest, resource: Resource | None, found: Introspected | Deny, started: float
    ) -> Verdict:
        claims: Claims | None = None
        if resource is None:
            # A route without its resource's name is a mistake in Envoy's configuration. Never guess from the path.
            verdict: Verdict = Deny(Reason.RESOURCE_UNKNOWN)
        elif isinstance(found, Deny):
            verdict = found
        elif isinstance(found, Reason):
            verdict = Deny(found, resource.scopes)
        else:
            claims = found
            verdict = decide(claims, resource, request, self._now())
        subject = claims.identity.subject if claims else None
        name = resource.name if resource else "unknown"
        self._recorder.decided(request, name, verdict, subject, time.perf_counter() - started)
        return verdict

    def _found_at_once(self, request: HttpRequest, resource: Resource | None) -> Introspected | Deny | None:
        """What can be said without asking the authorization server."""
        if resource is None:
            return Reason.RESOURCE_UNKNOWN
        if refused := self._refused_unseen(request):
            return refused
        # Nearly every request brings a token that was read and introspected a moment ago, in the same spelling.
        usual = usual_token(request.authorization)
        if usual and (known := self._introspector.known(usual)):
            return known
        token = read_bearer(request.authorization)
        return token if isinstance(token, Reason) else None

    def _refused_unseen(self, request: HttpRequest) -> Deny | None:
        """A refusal for which the token need not be looked at."""
        # Browsers send Origin and cannot forge it; other clients send none (MCP, "Security Warning": DNS rebinding).
        if request.origin is not None and request.origin not in self._allowed_origins:
            return Deny(Reason.ORIGIN_REFUSED)
        if request.method == "OPTIONS":
            return Deny(Reason.OPTIONS_ANSWERED)
        if request.method not in ALLOWED_METHODS:
            return Deny(Reason.METHOD_REFUSED)
        return None

    async def _introspected(self, request: HttpRequest) -> Introspected | Deny:
        token = read_bearer(request.authorization)
        if isinstance(token, Reason):
            return token
        try:
            return await self._introspector.introspect(token, request.client_address)
        except AuthorizationServerUnavailable as error:
            # Never a 401: that would send every client to sign in again because of our own outage.
            self._recorder.unavailable(request.request_id, error.cause)
            return Deny(Reason.AUTHORIZATION_SERVER_UNAVAILABLE)
