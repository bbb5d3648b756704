"""The HTTP side: discovery documents and health for everyone (through Envoy), metrics for the inside."""

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from ext_authz.health import Health

_DISCOVERY_MAX_AGE_SECONDS = 300
_READING = ("GET", "HEAD")

Documents = Callable[[], Mapping[str, bytes]]
Exposition = Callable[[], Awaitable[bytes]]


def make_http_app(documents: Documents, health: Health, metrics: Exposition) -> web.Application:
    """``documents`` gives request paths and JSON, as they are now. Whatever has no route is a plain 404.

    That matters for ``/.well-known/*``: clients try several places there, and anything but a 404 leads them astray.
    """
    app = web.Application(client_max_size=1024)

    async def discovery(request: web.Request) -> web.Response:
        # As typed by a user with a trailing slash, whose client looks here before it has seen the challenge. The
        # resource that the document names has none; SDK clients compare without it.
        document = documents().get(request.rel_url.raw_path.removesuffix("/"))
        if document is None:
            raise web.HTTPNotFound
        if request.method not in _READING:
            raise web.HTTPMethodNotAllowed(request.method, _READING)
        headers = {"Cache-Control": f"public, max-age={_DISCOVERY_MAX_AGE_SECONDS}"}
        return web.Response(body=document, content_type="application/json", headers=headers)

    async def report(_request: web.Request) -> web.Response:
        made = await health.report()
        status = 503 if made.down else 200
        return web.json_response(made.body(), status=status, headers={"Cache-Control": "no-store"})

    async def exposition(_request: web.Request) -> web.Response:
        return web.Response(body=await metrics(), headers={"Content-Type": "text/plain; version=0.0.4"})

    app.router.add_route("*", "/.well-known/{path:.*}", discovery)
    app.router.add_get("/health", report)
    app.router.add_get("/metrics", exposition)
    return app
