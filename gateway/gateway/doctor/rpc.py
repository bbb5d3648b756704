"""The few JSON-RPC messages of MCP that the examination sends, in both eras, and how an answer is read."""

import json
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from gateway.doctor.wire import Answer, Json

ACCEPT = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
CLIENT = {"name": "mcp-gateway-doctor", "version": "0.1.0"}
META = "io.modelcontextprotocol/"


class Era(StrEnum):
    """The newest revision of each of the two ways to speak MCP over one URL."""

    MODERN = "2026-07-28"
    LEGACY = "2025-11-25"


INITIALIZE: Json = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": Era.LEGACY, "capabilities": {}, "clientInfo": CLIENT},
}
INITIALIZED: Json = {"jsonrpc": "2.0", "method": "notifications/initialized"}


def request(era: Era, method: str, params: Json | None = None) -> Json:
    """A request; a modern one carries version and client in `_meta`, for there is no session to remember them."""
    members = dict(params or {})
    if era is Era.MODERN:
        members["_meta"] = {
            f"{META}protocolVersion": era,
            f"{META}clientInfo": CLIENT,
            f"{META}clientCapabilities": {},
        }
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": members}


def headers(era: Era, method: str) -> dict[str, str]:
    """What goes with `request`; modern servers compare `Mcp-Method` with the body."""
    named = {"Mcp-Method": method, "MCP-Protocol-Version": str(era)} if era is Era.MODERN else {}
    return ACCEPT | named


def reply(answer: Answer) -> Json | None:
    """The JSON-RPC answer to our one request, whether it came as JSON or as a stream; None where there is none."""
    if answer.media_type == "text/event-stream":
        return next((m for m in _events(answer.body) if _is_reply(m)), None)
    value = answer.json()
    return value if _is_reply(value) else None


def has_reply(body: bytes) -> bool:
    """Whether the part of a stream that has come holds the answer."""
    return any(_is_reply(message) for message in _events(body))


def error_of(message: Json | None) -> str:
    """`code: message` of a JSON-RPC error, "" where there is none."""
    error = (message or {}).get("error")
    return f"{error.get('code')}: {error.get('message')}" if isinstance(error, dict) else ""


def _is_reply(value: Any) -> bool:
    if not isinstance(value, dict) or value.get("jsonrpc") != "2.0":
        return False
    return isinstance(value.get("result"), dict) or isinstance(value.get("error"), dict)


def _events(body: bytes) -> Iterator[Any]:
    """The JSON in each complete event of a stream (HTML Living Standard, "Server-sent events")."""
    text = body.decode(errors="replace").replace("\r\n", "\n")
    for event in text.split("\n\n"):
        data = "\n".join(line[5:].removeprefix(" ") for line in event.split("\n") if line.startswith("data:"))
        try:
            yield json.loads(data)
        except (ValueError, RecursionError):
            continue
