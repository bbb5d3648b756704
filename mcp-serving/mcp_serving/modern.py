"""MCP from revision 2026-07-28 on: every request stands for itself, so there is no ``initialize`` and no ``ping``.

``subscriptions/listen`` is answered as unknown too: this server's tools never change while it runs, it does not declare
``listChanged``, and so has nothing to tell.
"""

from typing import Any

from mcp_serving.operations import Operations
from mcp_serving.rpc import Context, Method, Methods
from mcp_serving.toolbox import ServerInfo
from mcp_serving.versions import SUPPORTED

SERVER_INFO = "io.modelcontextprotocol/serverInfo"

DISCOVER_TTL_MS = 300_000
LIST_TTL_MS = 60_000
"""For how long a client may keep what it was told. A new version of the server may say something else."""


def modern_methods(operations: Operations) -> Methods:
    """The methods by name, each from context and params to the result's object."""
    info = operations.toolbox.info

    async def discover(_: Context, __: dict[str, Any]) -> dict[str, Any]:
        return {
            "supportedVersions": list(SUPPORTED),
            "capabilities": {"tools": {}},
            "instructions": info.instructions,
            "ttlMs": DISCOVER_TTL_MS,
            "cacheScope": "public",
        }

    async def tools_list(context: Context, params: dict[str, Any]) -> dict[str, Any]:
        tools = operations.list_tools(context.caller, params)
        # Private: what is listed, or said of a tool, depends on the token's scopes.
        return {"tools": tools, "ttlMs": LIST_TTL_MS, "cacheScope": "private"}

    async def tools_call(context: Context, params: dict[str, Any]) -> dict[str, Any]:
        return await operations.call_tool(params, context.progress)

    methods = {"server/discover": discover, "tools/list": tools_list, "tools/call": tools_call}
    return {name: _complete(method, info) for name, method in methods.items()}


def _complete(method: Method, info: ServerInfo) -> Method:
    """``method`` with the members that every result has in this era ("ResultType", "Per-response protocol fields")."""

    async def answer(context: Context, params: dict[str, Any]) -> dict[str, Any]:
        result = await method(context, params)
        return {"resultType": "complete", **result, "_meta": {SERVER_INFO: info.to_wire()}}

    return answer
