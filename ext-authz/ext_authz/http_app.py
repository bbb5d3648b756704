"""The HTTP side: discovery documents and health for everyone (through Envoy), metrics for the inside."""

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from ext_authz.health import Health
from ext_authz.metrics import Metrics

_DISCOVERY_MAX_AGE_SECONDS = 300


def make_http_app(documents: Mapping[str, bytes], health: Health, metrics: Metrics) -> web.Application:
    """``documents`` maps request paths to JSON. Whatever has no route is a plain 404.

    That matters for ``/.well-known/*``: clients try several places there, and anything but a 404 leads them astray.
    """
    app = web.Application(client_max_size=1024)
    for path, document in documents.items():
        app.router.add_get(path, _json_document(document))

    async def report(_request: web.Request) -> web.Response:
        made = await health.report()
        status = 503 if made.down else 200
        return web.json_response(made.body(), status=status, headers={"Cache-Control": "no-store"})

    async def exposition(_request: web.Request) -> web.Response:
        return web.Response(body=metrics.exposition(), headers={"Content-Type": "text/plain; version=0.0.4"})

    app.router.add_get("/health", report)
    app.router.add_get("/metrics", exposition)
    return app


def _json_document(document: bytes) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(_request: web.Request) -> web.Response:
        headers = {"Cache-Control": f"public, max-age={_DISCOVERY_MAX_AGE_SECONDS}"}
        return web.Response(body=document, content_type="application/json", headers=headers)

    return answer
