"""fastmcp as a proxy: tokens as in fastmcp_server.py; one session with the server behind it, shared by all requests.

``fastmcp_proxy.py PORT INTROSPECTION_URL AUDIENCE SECRET SERVER_URL``
"""

import asyncio
import sys

import httpx2
from fastmcp import Client
from fastmcp.server import create_proxy
from fastmcp.server.auth.providers.introspection import IntrospectionTokenVerifier


async def serve(port: str, url: str, audience: str, secret: str, behind: str) -> None:
    verifier = IntrospectionTokenVerifier(
        introspection_url=url,
        client_id="api-gateway",
        client_secret=secret,
        client_auth_method="client_secret_post",
        required_scopes=["mcp:calculator"],
        audience=audience,
        cache_ttl_seconds=10,
        http_client=httpx2.AsyncClient(),
    )
    async with Client(behind) as session:
        proxy = create_proxy(session, name="proxy", auth=verifier)
        await proxy.run_http_async(
            host="127.0.0.1",
            port=int(port),
            show_banner=False,
            json_response=True,
            stateless_http=True,
            log_level="warning",
            uvicorn_config={"access_log": False, "loop": "uvloop"},
        )


asyncio.run(serve(*sys.argv[1:]))
