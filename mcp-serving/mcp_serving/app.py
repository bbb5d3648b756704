"""The aiohttp application: one MCP endpoint at ``/`` and the health of the process at ``/health``."""

from aiohttp import web
from aiohttp.typedefs import Middleware
from mcp_wire import MalformedMessage, error_body, read_message

from mcp_serving.body import BODY_SECONDS, MAX_BODY_BYTES, read_body
from mcp_serving.caller import read_caller
from mcp_serving.middleware import log_access, refuse_in_json, require_client_san, require_host
from mcp_serving.operations import Operations
from mcp_serving.protocol import Answer, Endpoint
from mcp_serving.settings import ServerSettings
from mcp_serving.toolbox import Toolbox


def make_app(toolbox: Toolbox, settings: ServerSettings, *, body_seconds: float = BODY_SECONDS) -> web.Application:
    """An application that serves ``toolbox``; it neither listens nor reads the environment.

    A body has ``body_seconds`` to arrive.
    """
    middlewares: list[Middleware] = [log_access, refuse_in_json]
    if settings.tls_files:
        middlewares.append(require_client_san(settings.allowed_client_san))
    else:
        middlewares.append(require_host(settings.hosts(toolbox.info.name)))
    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=middlewares)
    endpoint = Endpoint(Operations(toolbox, settings.tools_beyond_scopes))

    async def post(request: web.Request) -> web.Response:
        return _respond(request, await _answer(endpoint, request, await read_body(request, body_seconds)))

    # GET would open a stream and DELETE end a session, and this server has neither: aiohttp answers 405 with Allow
    # (MCP 2025-11-25, "Streamable HTTP"). For the same reason Mcp-Session-Id and Last-Event-ID are not looked at.
    app.router.add_post("/", post)
    app.router.add_get("/health", _health)
    return app


async def _answer(endpoint: Endpoint, request: web.Request, body: bytes) -> Answer:
    try:
        message = read_message(body)
    except MalformedMessage as malformed:
        return Answer(400, error_body(malformed.code, malformed.text, id=malformed.id))
    versions = request.headers.getall("MCP-Protocol-Version", [])
    return await endpoint.answer(message, read_caller(request.headers), ",".join(versions) if versions else None)


def _respond(request: web.Request, answer: Answer) -> web.Response:
    if not answer.body:
        return web.Response(status=answer.status)
    if answer.status == web.HTTPOk.status_code and _wants_events_only(request):
        event = b"event: message\ndata: " + answer.body + b"\n\n"
        return web.Response(body=event, content_type="text/event-stream", headers={"Cache-Control": "no-cache"})
    return web.Response(status=answer.status, body=answer.body, content_type="application/json")


def _wants_events_only(request: web.Request) -> bool:
    # MCP asks clients to accept both forms. One that names only the stream gets it; one that names neither gets JSON.
    accept = request.headers.get("Accept", "*/*").lower()
    return "text/event-stream" in accept and not any(kind in accept for kind in ("application/json", "*/*"))


async def _health(_: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})
