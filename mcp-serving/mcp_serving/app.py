"""The aiohttp application: one MCP endpoint at ``/`` and the health of the process at ``/health``."""

from functools import partial

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware
from mcp_wire import INTERNAL_ERROR, MalformedMessage, Message, error_body, read_message

from mcp_serving.access_log import AccessLog
from mcp_serving.body import BODY_SECONDS, MAX_BODY_BYTES, read_body
from mcp_serving.caller import read_caller
from mcp_serving.eras import Mirrors
from mcp_serving.leaving import Leaving
from mcp_serving.middleware import log_access, refuse_in_json, require_client_san, require_host
from mcp_serving.operations import Operations
from mcp_serving.progress import Updates, progress_token
from mcp_serving.protocol import Answer, Endpoint
from mcp_serving.settings import ServerSettings
from mcp_serving.stream import KEEP_ALIVE_SECONDS, respond
from mcp_serving.toolbox import Toolbox

log = structlog.get_logger()

LEAVING = web.AppKey("leaving", Leaving)
"""Where ``serve`` finds what tells the health that the server is about to stop."""


def make_app(
    toolbox: Toolbox,
    settings: ServerSettings,
    *,
    body_seconds: float = BODY_SECONDS,
    keep_alive_seconds: float = KEEP_ALIVE_SECONDS,
    access_log: AccessLog | None = None,
) -> web.Application:
    """An application that serves ``toolbox``; it neither listens nor reads the environment.

    A body has ``body_seconds`` to arrive. A client that accepts an event stream hears something every
    ``keep_alive_seconds``. ``access_log`` is stdout's where None is given.
    """
    access_log = access_log or AccessLog(settings.log_level)
    middlewares: list[Middleware] = [log_access(access_log), refuse_in_json]
    if settings.tls_files:
        middlewares.append(require_client_san(settings.allowed_client_san))
    else:
        middlewares.append(require_host(settings.hosts(toolbox.info.name)))
    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=middlewares)
    app.on_cleanup.append(partial(_told, access_log))
    endpoint = Endpoint(Operations(toolbox, settings.tools_beyond_scopes))

    async def post(request: web.Request) -> web.StreamResponse:
        try:
            message = read_message(await read_body(request, body_seconds))
        except MalformedMessage as malformed:
            body = error_body(malformed.code, malformed.text, id=malformed.id)
            return web.Response(status=400, body=body, content_type="application/json")
        updates = Updates(progress_token(message.params))
        return await respond(request, _answer(endpoint, message, request, updates), updates, keep_alive_seconds)

    # GET would open a stream and DELETE end a session, and this server has neither: aiohttp answers 405 with Allow
    # (MCP 2025-11-25, "Streamable HTTP"). For the same reason Mcp-Session-Id and Last-Event-ID are not looked at.
    app.router.add_post("/", post)
    app[LEAVING] = Leaving()
    app.router.add_get("/health", app[LEAVING].health)
    return app


async def _told(access_log: AccessLog, _: web.Application) -> None:
    access_log.tell()


async def _answer(endpoint: Endpoint, message: Message, request: web.Request, updates: Updates) -> Answer:
    mirrors = Mirrors(*(_joined(request, name) for name in ("MCP-Protocol-Version", "Mcp-Method", "Mcp-Name")))
    try:
        return await endpoint.answer(message, read_caller(request.headers), mirrors, updates.progress)
    except Exception:  # a stream may have begun, and then no middleware can answer any more
        log.exception("request_failed")
        return Answer(500, error_body(INTERNAL_ERROR, "internal error", id=message.id))


def _joined(request: web.Request, name: str) -> str | None:
    values = request.headers.getall(name, [])
    return ",".join(values) if values else None
