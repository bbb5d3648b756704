"""Calls tools through the gateway with the official Python SDK, as a client program of yours would.

    TOKEN=$(.venv/bin/mcp-gateway token --scope mcp:notes) \\
      .gateway/examples/bin/python examples/sdk_client.py https://localhost:8443/mcp/notes certs/ca.crt \\
      add_note '{"text": "milk"}'

Tools and their arguments (JSON) come in pairs and are called in one session. Prints one JSON line for the list of
tools, and one for each call.
"""

import asyncio
import json
import os
import ssl
import sys

import httpx2
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client


async def main(url: str, ca_file: str, *calls: str) -> None:
    """Lists the tools, then makes the calls."""
    headers = {"Authorization": f"Bearer {os.environ['TOKEN']}"}
    trusted = ssl.create_default_context(cafile=ca_file)
    async with (
        httpx2.AsyncClient(headers=headers, verify=trusted, timeout=30) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        print(json.dumps([tool.name for tool in (await client.list_tools()).tools]))  # noqa: T201 - it prints
        for tool, arguments in zip(calls[::2], calls[1::2], strict=True):
            result = await client.call_tool(tool, json.loads(arguments))
            texts = [part.text for part in result.content if part.type == "text"]
            print(json.dumps({"tool": tool, "is_error": result.is_error, "texts": texts}))  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
