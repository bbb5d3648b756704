"""A client program that is given a server's URL and nothing else: it signs its user in with the browser.

    .venv/bin/python examples/sign_in.py https://localhost:8443/mcp/calculator certs/ca.crt add '{"a": 1, "b": 2}'

The official SDK finds out where to sign in and for which scopes, registers the program, and refreshes tokens. The
program brings what the SDK cannot: a place to keep tokens, a browser, and a listener for the redirect back.
"""

import asyncio
import json
import ssl
import sys
import threading
import webbrowser
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import httpx2
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyUrl


class Memory:
    """The SDK's `TokenStorage`. It forgets at the end; a program for daily use would keep both in a keyring."""

    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        """What the user granted, None before the first sign-in."""
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        """New ones replace the old: each refresh token works once."""
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        """As what this program is registered, None before it is."""
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        """Registered once, at the first sign-in."""
        self.client = client_info


class Callback(HTTPServer):
    """Listens on loopback for the redirect that ends a sign-in (RFC 8252 §7.3); any free port will do."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Page)
        self.query = ""
        self.url = f"http://127.0.0.1:{self.server_port}/callback"

    async def open_browser(self, url: str) -> None:
        """Send the user to the login page."""
        print(f"Sign in here, if no browser opens:\n{url}", file=sys.stderr)  # noqa: T201 - it speaks to a person
        # Not awaited: some browsers return only when they are closed
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

    async def answer(self) -> AuthorizationCodeResult:
        """Wait for the redirect. The SDK checks `state` and `iss`."""
        self.query = ""
        while not self.query:  # browsers also ask for a favicon
            await asyncio.to_thread(self.handle_request)
        found = {name: values[0] for name, values in parse_qs(self.query).items()}
        if "error" in found:
            raise SystemExit(f"The sign-in ended with {found['error']}: {found.get('error_description', '')}")
        return AuthorizationCodeResult(code=found["code"], state=found.get("state"), iss=found.get("iss"))


class _Page(BaseHTTPRequestHandler):
    server: Callback

    def do_GET(self) -> None:
        path, query = urlsplit(self.path)[2:4]
        if path == "/callback":
            self.server.query = query
        self.send_response(200 if path == "/callback" else 404)
        self.end_headers()
        self.wfile.write(b"You may close this page.\n")

    def log_message(self, *_: object) -> None:
        """Not on the terminal: the line would show the code."""


async def main(url: str, ca_file: str, tool: str, arguments: str) -> None:
    """Sign in, list the tools, call one."""
    with Callback() as callback:
        sign_in = OAuthClientProvider(
            url,
            OAuthClientMetadata(client_name="sign_in.py", redirect_uris=[AnyUrl(callback.url)]),
            Memory(),
            redirect_handler=callback.open_browser,
            callback_handler=callback.answer,
        )
        trusted = ssl.create_default_context(cafile=ca_file)
        async with (
            httpx2.AsyncClient(auth=sign_in, verify=trusted, timeout=30) as http,
            Client(streamable_http_client(url, http_client=http)) as client,
        ):
            print("tools:", ", ".join(offered.name for offered in (await client.list_tools()).tools))  # noqa: T201
            result = await client.call_tool(tool, json.loads(arguments))
            print(f"{tool}:", *(part.text for part in result.content if part.type == "text"))  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
