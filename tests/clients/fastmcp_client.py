"""fastmcp's client with its OAuth helper, in the environment of examples/: calls tools, and prints what came of it.

    python fastmcp_client.py https://localhost:8443/mcp/weather certs/ca.crt add '{"a": 1, "b": 2}' …

The browser is the one that `BROWSER` names. Prints one JSON line for the list of tools, and one for each call.
"""

import asyncio
import json
import ssl
import sys

import httpx2
from fastmcp import Client  # type: ignore[import-not-found]
from fastmcp.client.auth import OAuth  # type: ignore[import-not-found]
from fastmcp.client.transports import StreamableHttpTransport  # type: ignore[import-not-found]

TIMEOUT_S = 60


async def main(url: str, ca_file: str, *calls: str) -> None:
    """Lists the tools, then makes the calls; each says whether it failed, and with what."""
    trusted = ssl.create_default_context(cafile=ca_file)

    def http(**options: object) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(**{**options, "verify": trusted})  # type: ignore[arg-type]

    auth = OAuth(callback_timeout=TIMEOUT_S, httpx_client_factory=http)
    async with Client(StreamableHttpTransport(url, auth=auth, httpx_client_factory=http)) as client:
        print(json.dumps([tool.name for tool in await client.list_tools()]))  # noqa: T201 - it prints
        for tool, arguments in zip(calls[::2], calls[1::2], strict=True):
            result = await client.call_tool(tool, json.loads(arguments), raise_on_error=False)
            said = {"tool": tool, "is_error": result.is_error, "structured": result.structured_content}
            print(json.dumps(said))  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
