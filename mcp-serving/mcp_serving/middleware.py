"""What surrounds every request: the access log, the check of the client's certificate, and refusals in one form."""

import re
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware
from mcp_wire import FORBIDDEN, INTERNAL_ERROR, INVALID_REQUEST, error_body

from mcp_serving.access_log import AccessLog, Answered
from mcp_serving.caller import read_subject

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

CLIENT_CLOSED = 499
"""The status that the log gives to a request whose client left before the answer (nginx's name for it)."""

log = structlog.get_logger()
_REQUEST_ID = re.compile(r"[\w.:-]{1,128}", re.ASCII)


def log_access(access_log: AccessLog) -> Middleware:
    """Tell ``access_log`` of each request, and all other lines of the same request its id."""

    @web.middleware
    async def logged(request: web.Request, handler: Handler) -> web.StreamResponse:
        started, request_id = time.perf_counter(), _request_id(request)
        structlog.contextvars.bind_contextvars(request_id=request_id)
        status = CLIENT_CLOSED
        try:
            response = await handler(request)
            status = response.status
            return response
        finally:
            seconds, subject = time.perf_counter() - started, read_subject(request.headers)
            access_log.answered(
                Answered(request_id, request.method, request.path, status, seconds, subject, time.time_ns())
            )
            structlog.contextvars.unbind_contextvars("request_id")

    return logged


@web.middleware
async def refuse_in_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every refusal into a JSON-RPC error, and every unforeseen exception into one that says nothing of it."""
    try:
        return await handler(request)
    except web.HTTPException as refusal:
        headers = {name: refusal.headers[name] for name in ("Allow",) if name in refusal.headers}
        text = refusal.text or refusal.reason
        body = error_body(FORBIDDEN if refusal.status == web.HTTPForbidden.status_code else INVALID_REQUEST, text)
        return web.Response(status=refusal.status, body=body, content_type="application/json", headers=headers)
    except Exception:
        log.exception("request_failed")
        return web.Response(
            status=500, body=error_body(INTERNAL_ERROR, "internal error"), content_type="application/json"
        )


def require_client_san(name: str) -> Middleware:
    """Admit only peers whose certificate carries the DNS name ``name``.

    The TLS handshake has verified the certificate against our CA, but every service has a certificate of that CA.
    """

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        peer: dict[str, Any] = request.get_extra_info("peercert") or {}
        # RFC 9525 §6.3: names are compared without regard to case, and only the subjectAltName counts.
        names = {value.lower() for kind, value in peer.get("subjectAltName", ()) if kind == "DNS"}
        if name.lower() not in names:
            raise web.HTTPForbidden(text="this client certificate may not call this server")
        return await handler(request)

    return check


def require_host(names: frozenset[str]) -> Middleware:
    """Answer 421 to requests whose Host (without its port) is none of ``names``; health checks may name anything.

    For a server that cannot know its peer: a web page that points its own host name at this address (DNS rebinding; MCP
    2025-11-25, "Security Warning") sends that name, and browsers do not let it send another.
    """

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if _host_name(request) not in names and request.path != "/health":
            raise web.HTTPMisdirectedRequest(
                text="this server does not answer to that Host; ALLOWED_HOSTS names others"
            )
        return await handler(request)

    return check


def _host_name(request: web.Request) -> str:
    try:
        return urlsplit(f"//{request.headers.get('Host', '')}").hostname or ""
    except ValueError:  # brackets that are no IPv6 address
        return ""


def _request_id(request: web.Request) -> str:
    # Envoy sets x-request-id; whoever else does may write anything into it.
    sent = request.headers.get("X-Request-Id", "")
    return sent if _REQUEST_ID.fullmatch(sent) else str(uuid.uuid4())
