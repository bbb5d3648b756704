"""A conversation with one MCP server, held by the official SDK's client: list the tools, call one.

The only file that knows the protocol. The SDK takes most of a second to load: import this where it is used. Which era
is spoken is the SDK's choice: MCP 2026-07-28, or the handshake of the older revisions where a server knows no better.
"""

import logging
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import anyio
import httpx2
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp_types import (
    CONNECTION_CLOSED,
    INVALID_REQUEST,
    PARSE_ERROR,
    CallToolRequest,
    CallToolRequestParams,
    Implementation,
)
from mcp_types import Result as AnyResult
from pydantic import ConfigDict, ValidationError

from gateway.client.errors import CallFailed, ClientError
from gateway.client.http_watch import MAX_BYTES, HttpWatch
from gateway.client.refusals import unreachable
from gateway.client.terminal import plain
from gateway.client.tools import CallResult, Json, Tool

TIMEOUT = 75.0  # seconds for a whole conversation; a tool may take 60
GOODBYE = 5.0  # seconds of it for ending a session, once there is an answer
MAX_PAGES = 100  # of tools; a server that never ends its list must not keep us for ever
US = Implementation(name="mcp-gateway", version="0.1.0")
# With these codes the SDK tells of an answer that is none; a server that understood us has no use for them
NO_ANSWER = {PARSE_ERROR, INVALID_REQUEST, CONNECTION_CLOSED}
NOT_MCP = (MCPError, ValidationError, RuntimeError)  # what the SDK raises about an answer

Result = TypeVar("Result")


class _AsItCame(AnyResult):
    """A result with what no model knows of, too."""

    model_config = ConfigDict(extra="allow")


@dataclass(frozen=True, slots=True)
class Server:
    """Where it is and how to speak to it: as the bearer of `token`, or, behind the gateway, with `headers` instead."""

    url: str
    tls: ssl.SSLContext
    token: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    use_proxies: bool = True  # those that the environment names
    timeout: float = TIMEOUT


class McpSession:
    """What can be asked of the server. Raises ClientError from every method."""

    def __init__(self, client: Client, url: str, watch: HttpWatch) -> None:
        self._client = client
        self._url = url
        self._watch = watch

    async def tools(self) -> list[Tool]:
        """Every tool, page by page."""
        found: list[Tool] = []
        cursor = None
        for _ in range(MAX_PAGES):
            page = await self._answer("tools/list", self._client.list_tools(cursor=cursor))
            found += [Tool(tool.name, tool.description or "", tool.input_schema) for tool in page.tools]
            cursor = page.next_cursor
            if not cursor:
                return found
        raise CallFailed(f"{self._url} lists tools without end")

    async def call(self, name: str, arguments: Json) -> CallResult:
        """Call a tool. An error that the tool itself reports is a result, not an exception."""
        request = CallToolRequest(params=CallToolRequestParams(name=name, arguments=arguments))
        # Not Client.call_tool: that drops what its model does not know, and withholds a result that is not as the
        # tool's outputSchema says. Whoever looks into a server wants to see what came.
        asked = self._client.session.send_request(request, _AsItCame)
        result: Json = (await self._answer("tools/call", asked)).model_dump(by_alias=True, exclude_unset=True)
        if result.get("resultType") == "input_required":
            raise CallFailed(f"{plain(name)} asks for more while it runs, which this command cannot give")
        parts = [part.get("text", f"[{part.get('type')}]") for part in result.get("content", [])]
        return CallResult("\n".join(parts), bool(result.get("isError")), result)

    async def _answer(self, method: str, asked: Awaitable[Result]) -> Result:
        try:
            return await asked
        except NOT_MCP as error:
            raise _told(error, self._url, method, self._watch) from error


def converse(server: Server, use: Callable[[McpSession], Awaitable[Result]]) -> Result:
    """Open a conversation, `use` it and end it, within the server's timeout.

    Raises:
        ClientError: raised by `use`; or the server refuses, makes no sense, or cannot be reached.
    """
    for logger in ("mcp", "client"):  # our errors tell it; with no handler Python writes it to stderr, tracebacks too
        logging.getLogger(logger).addHandler(logging.NullHandler())
    watch = HttpWatch(server.url)
    try:
        return anyio.run(_hold, server, watch, use)
    except (ExceptionGroup, *NOT_MCP) as raised:  # the SDK's tasks end in groups of errors
        error = _first(raised)
        told = _told(error, server.url, "initialize", watch)
        raise told from (error if told is not error else error.__cause__)


async def _hold(server: Server, watch: HttpWatch, use: Callable[[McpSession], Awaitable[Result]]) -> Result:
    outcome: list[Result | ClientError] = []
    with anyio.move_on_after(server.timeout) as limit:
        try:
            async with _http(server, watch) as http, _client(server.url, http) as client:
                outcome.append(await _outcome(use(McpSession(client, server.url, watch))))
                limit.deadline = min(limit.deadline, anyio.current_time() + GOODBYE)
        except Exception:
            if not outcome:  # else only the end of the session went wrong, which is of no interest any more
                raise
    if not outcome:
        late = TimeoutError(f"not within {server.timeout:g} s")
        raise unreachable(server.url, late) from late
    if isinstance(outcome[0], ClientError):
        raise outcome[0]
    return outcome[0]


def _http(server: Server, watch: HttpWatch) -> httpx2.AsyncClient:
    headers = {"Accept-Encoding": "identity", **server.headers}
    if server.token is not None:
        headers["Authorization"] = f"Bearer {server.token}"
    return httpx2.AsyncClient(
        headers=headers,
        verify=server.tls,
        timeout=server.timeout,
        trust_env=server.use_proxies,
        event_hooks={"response": [watch]},
    )


def _client(url: str, http: httpx2.AsyncClient) -> Client:
    transport = streamable_http_client(url, http_client=http, max_sse_event_size=MAX_BYTES)
    return Client(transport, cache=None, client_info=US)


async def _outcome(used: Awaitable[Result]) -> Result | ClientError:
    """Its errors as values: those that leave the SDK's tasks come out in groups."""
    try:
        return await used
    except ClientError as error:
        return error


def _first(error: BaseException) -> BaseException:
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


def _told(error: BaseException, url: str, method: str, watch: HttpWatch) -> BaseException:
    """What to raise for an error of the SDK; the error itself where it is ours, or a mistake of this program."""
    if isinstance(error, ClientError):
        return error
    if watch.refused is not None:
        return watch.refused
    if isinstance(error, httpx2.HTTPError):
        return unreachable(url, error)
    if not isinstance(error, NOT_MCP):
        return error
    if isinstance(error, MCPError) and error.code not in NO_ANSWER:
        return CallFailed(f"The server answers {error.code}: {plain(error.message)}")
    first_line = str(error).partition("\n")[0]
    return CallFailed(f"{url} gave no MCP answer to {method} ({plain(first_line)})")
