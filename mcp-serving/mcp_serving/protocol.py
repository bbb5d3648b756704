"""MCP over HTTP: from a message to a status and a body. Pure of any HTTP library.

Two eras share the endpoint; ``eras`` tells them apart, ``modern`` and ``legacy`` have the methods of each.
"""

from dataclasses import dataclass
from typing import Any

from mcp_wire import FORBIDDEN, METHOD_NOT_FOUND, Kind, Message, error_body

from mcp_serving.caller import Caller
from mcp_serving.eras import Era, Mirrors, era_of
from mcp_serving.json_text import to_json
from mcp_serving.legacy import legacy_methods
from mcp_serving.modern import modern_methods
from mcp_serving.operations import Operations, RpcRefusal
from mcp_serving.progress import UNHEARD, Progress
from mcp_serving.rpc import Context, Dispatcher
from mcp_serving.toolbox import Toolbox


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: ``body`` is one JSON text, or empty."""

    status: int
    body: bytes = b""


class Endpoint:
    """Answers every message to one server."""

    def __init__(self, operations: Operations) -> None:
        self._toolbox = operations.toolbox
        self._dispatchers = {
            Era.LEGACY: Dispatcher(legacy_methods(operations)),
            Era.MODERN: Dispatcher(modern_methods(operations)),
        }

    async def answer(self, message: Message, caller: Caller, headers: Mirrors, progress: Progress = UNHEARD) -> Answer:
        """The answer to ``message``; the tool that it calls, if any, reports to ``progress``."""
        if refusal := _scope_refusal(self._toolbox, message, caller):
            return refusal
        try:
            era = era_of(message, headers)
        except RpcRefusal as refused:
            return Answer(400, error_body(refused.code, refused.text, id=message.id, data=refused.data))
        if message.kind is not Kind.REQUEST:
            return Answer(202)
        response = await self._dispatchers[era].answer(message, Context(caller, progress))
        text = to_json(response)
        # A tool's lone surrogate is no reason to answer nothing.
        return Answer(_status(era, response), text.encode(errors="replace"))


def _status(era: Era, response: dict[str, Any]) -> int:
    # MCP 2026-07-28 asks for another status for one error of methods ("Protocol Version Header"). For the rest the
    # SDKs' servers differ: the Python one answers -32602 with 400, the TypeScript one with 200, as all did before.
    unknown = response.get("error", {}).get("code") == METHOD_NOT_FOUND
    return 404 if unknown and era is Era.MODERN else 200


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
