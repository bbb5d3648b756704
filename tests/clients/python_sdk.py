"""The official Python SDK as its users configure it for this gateway: the server's URL, the CA, and a browser.

Everything else (where to register, where to sign in, which scopes to ask for) the SDK finds out by itself.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import httpx2
import mcp_types as types
from mcp import Client, ClientSession
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyUrl

from tests.support import sign_in_headless
from tests.support.stack import Stack

CALLBACK = "http://localhost:33418/callback"
METADATA: dict[str, Any] = {"client_name": "A client of the tests", "redirect_uris": [AnyUrl(CALLBACK)]}
TIMEOUT_S = 30


@dataclass
class Memory:
    """The SDK's `TokenStorage`: what a client program would keep on disk."""

    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


@dataclass
class Person:
    """Somebody with a browser, who signs in wherever the client sends them."""

    browser: httpx.Client
    asked: list[str] = field(default_factory=list)
    redirect: str = ""

    async def open(self, url: str) -> None:
        self.asked.append(url)
        self.redirect = await asyncio.to_thread(sign_in_headless.sign_in, self.browser, url)

    async def answer(self) -> AuthorizationCodeResult:
        query = parse_qs(urlsplit(self.redirect).query)
        first = {name: values[0] for name, values in query.items()}
        return AuthorizationCodeResult(code=first.get("code", ""), state=first.get("state"), iss=first.get("iss"))

    def scopes_asked(self) -> list[set[str]]:
        """The scopes of each authorization URL, in turn."""
        return [set(parse_qs(urlsplit(url).query)["scope"][0].split()) for url in self.asked]


@dataclass
class Seen:
    """Every request that the SDK made, its own to the authorization server included."""

    requests: list[httpx2.Request] = field(default_factory=list)
    responses: list[tuple[str, str, int]] = field(default_factory=list)

    async def __call__(self, response: httpx2.Response) -> None:
        self.requests.append(response.request)
        self.responses.append((response.request.method, response.request.url.path, response.status_code))

    def forms(self) -> list[dict[str, str]]:
        """What was posted to the token endpoint."""
        posted = [one for one in self.requests if one.url.path.endswith("/token")]
        return [{name: values[0] for name, values in parse_qs(one.content.decode()).items()} for one in posted]


@dataclass
class Signing:
    """One client program with its user."""

    stack: Stack
    path: str
    metadata: dict[str, Any] = field(default_factory=dict)
    storage: Memory = field(default_factory=Memory)
    seen: Seen = field(default_factory=Seen)
    provider: OAuthClientProvider = field(init=False)
    person: Person = field(init=False)

    def __post_init__(self) -> None:
        self.person = Person(sign_in_headless.browser(self.stack.ca))
        self.provider = OAuthClientProvider(
            self.stack.url + self.path,
            OAuthClientMetadata.model_validate(METADATA | self.metadata),
            self.storage,
            redirect_handler=self.person.open,
            callback_handler=self.person.answer,
        )

    @asynccontextmanager
    async def client(self, mode: str = "auto") -> AsyncIterator[Client | ClientSession]:
        """A connection that spoke `mode`: the SDK's own words, or a version of the protocol before 2026."""
        with self.person.browser:
            async with connected(self.stack.url + self.path, self.stack.ca, self.provider, self.seen, mode) as client:
                yield client


@asynccontextmanager
async def connected(
    url: str, ca: ssl.SSLContext, auth: httpx2.Auth, seen: Seen, mode: str = "auto"
) -> AsyncIterator[Client | ClientSession]:
    hooks: Any = {"response": [seen]}
    async with httpx2.AsyncClient(auth=auth, verify=ca, timeout=TIMEOUT_S, event_hooks=hooks) as http:
        transport = streamable_http_client(url, http_client=http)
        if mode in {"2025-06-18", "2025-03-26"}:
            async with transport as (read, write), ClientSession(read, write) as session:
                await _initialize_at(session, mode)
                yield session
        else:
            async with Client(transport, mode=mode) as client:
                yield client


async def _initialize_at(session: ClientSession, version: str) -> None:
    """`ClientSession.initialize` offers the newest version before 2026, and cannot be told to offer another."""
    params = types.InitializeRequestParams(
        protocol_version=version,
        capabilities=types.ClientCapabilities(),
        client_info=types.Implementation(name="tests", version="1"),
    )
    session.adopt(await session.send_request(types.InitializeRequest(params=params), types.InitializeResult))
    await session.send_notification(types.InitializedNotification())
