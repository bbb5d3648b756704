"""Runs an application until it is told to stop."""

import gc
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
import uvloop
from aiohttp import web

from mcp_serving.app import LEAVING
from mcp_serving.logs import configure_logs
from mcp_serving.settings import ServerSettings, stop
from mcp_serving.tls import RenewableTls, TlsFiles

GRACE_SECONDS = 8.0
"""How long calls in flight may go on once the door is closed; docker-compose.yml gives 15 s before SIGKILL."""

log = structlog.get_logger()


def serve(app: web.Application, settings: ServerSettings) -> int:
    """Serve ``app`` until SIGTERM or SIGINT; the exit code. Files or an address that cannot be used end the process."""
    configure_logs(settings.log_level)
    try:
        tls = RenewableTls(TlsFiles(*settings.tls_files)).context if settings.tls_files else None
    except OSError as error:  # ssl.SSLError is one
        stop(f"TLS_CERT_FILE, TLS_KEY_FILE, TLS_CA_FILE: cannot be used, make the certificates anew ({error})")
    try:
        uvloop.run(_serve_until_told(app, settings, tls))
    except OSError as error:
        stop(f"LISTEN: cannot listen on {settings.listen}, choose another address or port ({error})")
    return 0


@asynccontextmanager
async def listening(
    app: web.Application, host: str, port: int, tls: ssl.SSLContext | None, grace_seconds: float = GRACE_SECONDS
) -> AsyncIterator[int]:
    """Listen; the port. On leaving, stop accepting, let calls in flight finish within ``grace_seconds``."""
    # aiohttp waits for a call twice as long as it is told: once, and again after it has taken the body from it.
    patience = grace_seconds / 2
    # A client that goes away takes its call with it: handler_cancellation (MCP 2026-07-28, "Cancellation").
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=patience)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port, ssl_context=tls, reuse_address=True)
        await site.start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


async def _serve_until_told(app: web.Application, settings: ServerSettings, tls: ssl.SSLContext | None) -> None:
    leaving = app[LEAVING]
    leaving.listen()
    async with listening(app, settings.host, settings.port, tls) as port:
        # What the start has made stays: a full collection need not look through it each time, while all wait.
        gc.collect()
        gc.freeze()
        log.info("listening", host=settings.host, port=port, tls=tls is not None)
        await leaving.told()
        log.info("stopping")
        await leaving.noticed()
    log.info("stopped")
