"""fastmcp as a proxy: one session with the server behind it, shared by all requests.

``fastmcp_proxy.py PORT INTROSPECTION_URL AUDIENCE SECRET SERVER_URL``
"""

import asyncio
import sys

from fastmcp import Client
from fastmcp.server import create_proxy
from fastmcp_verifier import SERVED, verifier


async def serve(port: str, url: str, audience: str, secret: str, behind: str) -> None:
    async with Client(behind) as session:
        proxy = create_proxy(session, name="proxy", auth=verifier(url, audience, secret))
        await proxy.run_http_async(port=int(port), **SERVED)


asyncio.run(serve(*sys.argv[1:]))
