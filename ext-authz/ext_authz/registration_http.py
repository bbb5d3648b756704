"""Dynamic client registration over HTTP (RFC 7591 §3), in front of Keycloak's: only what ``registration`` lets pass.

Nothing of the client's headers goes on. Its ``Origin`` is judged here, by the same list as for the MCP routes, and not
by Keycloak, whose own list is fixed when the realm is imported.
"""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from aiohttp import web
from mcp_wire import is_json_media_type

from ext_authz.bounded_body import read_at_most
from ext_authz.introspection import AuthorizationServerUnavailable
from ext_authz.registration import RegistrationRefused, client_metadata, for_any_port
from ext_authz.verdict import RETRY_AFTER_SECONDS

MAX_BODY_BYTES = 64 * 1024
DEADLINE_SECONDS = 10.0
"""For Keycloak's answer. Less than Envoy's timeout for the route, so that the client is told what happened."""


class ClientRegistry(Protocol):
    """The port behind which Keycloak stands."""

    async def register(self, metadata: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """The status (201, 400 or 403) and members of the answer.

        Raises:
            AuthorizationServerUnavailable: no answer, or one that is none of these.
        """
        ...


class RegistrationObserver(Protocol):
    """Told of every registration. The recorder implements it."""

    def registration(self, request_id: str, outcome: str, status: int, seconds: float) -> None: ...
    def unavailable(self, request_id: str, cause: str) -> None: ...


@dataclass(frozen=True, slots=True)
class _Answer:
    """``outcome`` is one of a few words, for logs and metrics."""

    status: int
    outcome: str
    members: Mapping[str, Any]


class RegistrationEndpoint:
    """``origins`` are those whose pages may register."""

    def __init__(
        self,
        registry: ClientRegistry,
        origins: frozenset[str],
        observer: RegistrationObserver,
        *,
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        self._registry = registry
        self._origins = origins
        self._observer = observer
        self._deadline_seconds = deadline_seconds

    async def handle(self, request: web.Request) -> web.Response:
        """For POST."""
        started = time.perf_counter()
        request_id = request.headers.get("X-Request-Id", "")
        answer = self._refusal_of_headers(request) or await self._answer(request, request_id)
        self._observer.registration(request_id, answer.outcome, answer.status, time.perf_counter() - started)
        return _response(answer)

    def _refusal_of_headers(self, request: web.Request) -> _Answer | None:
        if not self._origins.issuperset(request.headers.getall("Origin", ())):
            return _refused(403, "access_denied", "pages of this origin may not register clients", "foreign_origin")
        # A compressed body could grow after it was counted.
        if not is_json_media_type(request.headers.get("Content-Type")) or "Content-Encoding" in request.headers:
            text = "the body must be application/json, not compressed"
            return _refused(415, "invalid_client_metadata", text, "unsupported_media_type")
        return None

    async def _answer(self, request: web.Request, request_id: str) -> _Answer:
        body = await read_at_most(request.content, MAX_BODY_BYTES)
        if body is None:
            text = f"the body must be at most {MAX_BODY_BYTES} bytes"
            return _refused(413, "invalid_client_metadata", text, "too_large")
        try:
            metadata = client_metadata(body)
        except RegistrationRefused as refused:
            return _refused(400, refused.error.value, refused.description, refused.error.value)
        return await self._register(metadata, request_id)

    async def _register(self, metadata: Mapping[str, Any], request_id: str) -> _Answer:
        try:
            async with asyncio.timeout(self._deadline_seconds):
                status, members = await self._registry.register(for_any_port(metadata))
        except TimeoutError:
            return self._unavailable(request_id, "timeout")
        except AuthorizationServerUnavailable as error:
            return self._unavailable(request_id, error.cause)
        if status != 201:  # noqa: PLR2004 - RFC 7591 §3.2.1
            return _Answer(status, "refused_by_keycloak", members)
        # As asked, in that order: some clients listen at the first of those in the answer, and Keycloak shuffles them.
        return _Answer(status, "registered", {**members, "redirect_uris": metadata["redirect_uris"]})

    def _unavailable(self, request_id: str, cause: str) -> _Answer:
        self._observer.unavailable(request_id, cause)
        text = "the authorization server cannot be asked now: try again later"
        return _refused(503, "temporarily_unavailable", text, "unavailable")


def _refused(status: int, error: str, description: str, outcome: str) -> _Answer:
    return _Answer(status, outcome, {"error": error, "error_description": description})


def _response(answer: _Answer) -> web.Response:
    headers = {"Cache-Control": "no-store"}  # it may hold a client secret (RFC 7591 §3.2.1)
    if answer.status == 503:  # noqa: PLR2004
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    dumps = partial(json.dumps, default=float)  # numbers with a fraction are Decimal
    return web.json_response(answer.members, status=answer.status, headers=headers, dumps=dumps)
