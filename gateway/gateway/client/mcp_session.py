"""Speaks MCP (revision 2025-11-25, Streamable HTTP) to one server: initialize, list the tools, call one.

The only file that knows the protocol: another client library can take its place without the commands noticing.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx

from gateway.client.errors import CallFailed
from gateway.client.refusals import refusal, unreachable
from gateway.client.terminal import plain

PROTOCOL_VERSION = "2025-11-25"
MAX_PAGES = 100  # of tools; a server that never ends its list must not keep us for ever
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool as the server describes it; `input_schema` is JSON Schema 2020-12."""

    name: str
    description: str
    input_schema: Json


@dataclass(frozen=True, slots=True)
class CallResult:
    """What a tool answered: text for a person, and the whole result as it came."""

    text: str
    is_error: bool
    raw: Json


class McpSession:
    """A conversation with the server at `url`, as the bearer of `token`. Raises ClientError from every method.

    Without a token, and with `headers` of its own, it is a conversation with a server behind the gateway.
    """

    def __init__(
        self, http: httpx.Client, url: str, token: str | None, *, headers: Mapping[str, str] | None = None
    ) -> None:
        self._http = http
        self._url = url
        self._headers = {"Accept": "application/json, text/event-stream", **(headers or {})}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"
        self._last_id = 0

    def __enter__(self) -> Self:
        """Initialize (lifecycle: the first request, then a notification)."""
        client = {"name": "mcp-gateway", "version": "0.1.0"}
        answer = self._request(
            "initialize", {"protocolVersion": PROTOCOL_VERSION, "capabilities": {}, "clientInfo": client}
        )
        self._headers["MCP-Protocol-Version"] = str(answer.get("protocolVersion", PROTOCOL_VERSION))
        self._post({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the session, if the server has sessions; whether that works is of no interest any more."""
        if "Mcp-Session-Id" in self._headers:
            try:
                self._http.delete(self._url, headers=self._headers)
            except httpx.HTTPError:
                return

    def tools(self) -> list[Tool]:
        """Every tool, page by page."""
        found: list[Tool] = []
        cursor: dict[str, str] = {}
        for _ in range(MAX_PAGES):
            page = self._request("tools/list", cursor)
            found += [Tool(t["name"], t.get("description", ""), t.get("inputSchema", {})) for t in page["tools"]]
            if not page.get("nextCursor"):
                return found
            cursor = {"cursor": page["nextCursor"]}
        raise CallFailed(f"{self._url} lists tools without end")

    def call(self, name: str, arguments: Json) -> CallResult:
        """Call a tool. An error that the tool itself reports is a result, not an exception."""
        result = self._request("tools/call", {"name": name, "arguments": arguments})
        parts = [part.get("text", f"[{part.get('type')}]") for part in result.get("content", [])]
        return CallResult("\n".join(parts), bool(result.get("isError")), result)

    def _request(self, method: str, params: Json) -> Json:
        self._last_id += 1
        message = {"jsonrpc": "2.0", "id": self._last_id, "method": method, "params": params}
        response = self._post(message)
        try:
            answer = next(m for m in _messages(response) if m.get("id") == self._last_id)
            if "error" in answer:
                said = f"{answer['error']['code']}: {answer['error']['message']}"
                raise CallFailed(f"The server answers {plain(said)}")
            result: Json = answer["result"]
        except (ValueError, KeyError, TypeError, AttributeError, StopIteration) as error:
            raise CallFailed(f"{self._url} gave no MCP answer to {method} ({response.status_code})") from error
        return result

    def _post(self, message: Json) -> httpx.Response:
        try:
            response = self._http.post(self._url, json=message, headers=self._headers)
        except httpx.HTTPError as error:
            raise unreachable(self._url, error) from error
        if response.is_error:
            raise refusal(response)
        if session := response.headers.get("mcp-session-id"):
            self._headers["Mcp-Session-Id"] = session
        return response


def _messages(response: httpx.Response) -> Iterator[Json]:
    """The JSON-RPC messages in an answer, which is one JSON object or a stream of events."""
    if not response.headers.get("content-type", "").startswith("text/event-stream"):
        yield json.loads(response.content)
        return
    for event in response.text.replace("\r\n", "\n").split("\n\n"):
        data = "\n".join(line[5:].removeprefix(" ") for line in event.split("\n") if line.startswith("data:"))
        if data:
            yield json.loads(data)
