"""MCP over HTTP: from a message to a status and a body. Pure of any HTTP library.

Two eras share the endpoint. A message of the modern one (2026-07-28) names its protocol version in ``params._meta``;
one of the legacy era does not, but its header ``MCP-Protocol-Version`` may. Modern requests are answered that their
version is not supported, with the versions that are: so a client of both eras learns to fall back to ``initialize``.
"""

from dataclasses import dataclass
from typing import Any

from mcp_wire import FORBIDDEN, Kind, Message, error_body

from mcp_serving.caller import Caller
from mcp_serving.json_text import to_json
from mcp_serving.legacy import VERSIONS, legacy_methods
from mcp_serving.operations import Operations
from mcp_serving.rpc import Dispatcher
from mcp_serving.toolbox import Toolbox

PROTOCOL_VERSION = "io.modelcontextprotocol/protocolVersion"
"""The member of ``params._meta`` by which a modern request is told from a legacy one (MCP 2026-07-28, "_meta")."""

UNSUPPORTED_PROTOCOL_VERSION = -32022
"""MCP 2026-07-28, "Error Codes"."""

_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: ``body`` is one JSON text, or empty."""

    status: int
    body: bytes = b""


class Endpoint:
    """Answers every message to one server."""

    def __init__(self, operations: Operations) -> None:
        self._toolbox = operations.toolbox
        self._legacy = Dispatcher(legacy_methods(operations))

    async def answer(self, message: Message, caller: Caller, version_header: str | None) -> Answer:
        refusal = _scope_refusal(self._toolbox, message, caller) or _version_refusal(message, version_header)
        if refusal:
            return refusal
        if message.kind is not Kind.REQUEST:
            return Answer(202)
        text = to_json(await self._legacy.answer(message, caller))
        return Answer(200, text.encode(errors="replace"))  # a tool's lone surrogate is no reason to answer nothing


def missing_scopes(toolbox: Toolbox, message: Message, caller: Caller) -> frozenset[str]:
    """The scopes that ``message`` needs and ``caller`` has not: those of the tool that it calls, or the server's own.

    The gateway has checked the same before; checking again here keeps a mistake there from opening a tool.
    """
    tool = toolbox.find(message.params.get("name")) if message.method == "tools/call" else None
    return toolbox.effective_scopes(tool) - caller.scopes


def _scope_refusal(toolbox: Toolbox, message: Message, caller: Caller) -> Answer | None:
    missing = sorted(missing_scopes(toolbox, message, caller))
    if not missing:
        return None
    text = f"the token lacks the scope: {' '.join(missing)}"
    return Answer(403, error_body(FORBIDDEN, text, id=message.id, data={"missingScopes": missing}))


def _version_refusal(message: Message, version_header: str | None) -> Answer | None:
    # Without either, a client of 2025-03-26 or older speaks (MCP 2025-11-25, "Protocol Version Header").
    requested = _modern_version(message)
    if requested is _ABSENT:
        if version_header is None or version_header in VERSIONS:
            return None
        requested = version_header
    text = "this protocol version is not supported; start with initialize"
    data = {"supported": list(VERSIONS), "requested": requested[:64] if isinstance(requested, str) else None}
    return Answer(400, error_body(UNSUPPORTED_PROTOCOL_VERSION, text, id=message.id, data=data))


def _modern_version(message: Message) -> Any:
    meta = message.params.get("_meta")
    return meta.get(PROTOCOL_VERSION, _ABSENT) if isinstance(meta, dict) else _ABSENT
