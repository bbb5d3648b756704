"""What MCP's methods on tools do, apart from the shape that each era of the protocol gives to the answer."""

from dataclasses import dataclass
from typing import Any

from mcp_wire import INVALID_PARAMS

from mcp_serving.caller import Caller
from mcp_serving.json_text import to_json
from mcp_serving.progress import Progress
from mcp_serving.signature import BadArguments
from mcp_serving.tool import Tool, ToolFailure
from mcp_serving.toolbox import BeyondScopes, Toolbox


class RpcRefusal(Exception):
    """A JSON-RPC error that the client should get, text and all."""

    def __init__(self, code: int, text: str, data: Any = None) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.data = data


@dataclass(frozen=True, slots=True)
class Operations:
    toolbox: Toolbox
    beyond_scopes: BeyondScopes

    def list_tools(self, caller: Caller, params: dict[str, Any]) -> list[dict[str, Any]]:
        """The tools on the one page that there is.

        Raises:
            RpcRefusal: a cursor was sent; none is ever issued, so none is valid (MCP 2025-11-25, "Pagination").
        """
        if params.get("cursor") is not None:
            raise RpcRefusal(INVALID_PARAMS, "unknown cursor: the list has one page, ask for it without a cursor")
        return self.toolbox.listing(caller.scopes, self.beyond_scopes)

    async def call_tool(self, params: dict[str, Any], progress: Progress) -> dict[str, Any]:
        """Call a tool; a ``CallToolResult``, with ``isError`` where the tool or its arguments failed.

        Raises:
            RpcRefusal: no such tool, or params that are no tool call at all.
        """
        tool, arguments = self._read_call(params)
        try:
            content = await tool.call(arguments, progress)
        except (BadArguments, ToolFailure) as failure:
            return {"content": [_text(str(failure))], "isError": True}
        return {"content": [_text(to_json(content))], "structuredContent": content, "isError": False}

    def _read_call(self, params: dict[str, Any]) -> tuple[Tool, dict[str, Any]]:
        name, arguments = params.get("name"), params.get("arguments", {})
        if not isinstance(name, str):
            raise RpcRefusal(INVALID_PARAMS, 'params.name must be a string: {"name": …, "arguments": {…}}')
        if not isinstance(arguments, dict):
            raise RpcRefusal(INVALID_PARAMS, "params.arguments must be an object")
        tool = self.toolbox.find(name)
        if tool is None:
            known = ", ".join(known.name for known in self.toolbox)
            raise RpcRefusal(INVALID_PARAMS, f"unknown tool; this server has: {known}")
        return tool, arguments


def _text(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}
