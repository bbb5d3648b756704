"""MCP as it was up to revision 2025-11-25: a client says ``initialize`` first. Ours keeps no session of it."""

from typing import Any

from mcp_serving.operations import Operations
from mcp_serving.rpc import Context, Methods
from mcp_serving.versions import LEGACY


def legacy_methods(operations: Operations) -> Methods:
    """The methods by name, each from context and params to the result's object."""

    async def initialize(_: Context, params: dict[str, Any]) -> dict[str, Any]:
        # MCP 2025-11-25, "Version Negotiation": a version that we do not have is answered by the newest that we do.
        asked = params.get("protocolVersion")
        info = operations.toolbox.info
        return {
            "protocolVersion": asked if asked in LEGACY else LEGACY[0],
            "capabilities": {"tools": {}},
            "serverInfo": info.to_wire(),
            "instructions": info.instructions,
        }

    async def ping(_: Context, __: dict[str, Any]) -> dict[str, Any]:
        return {}

    async def tools_list(context: Context, params: dict[str, Any]) -> dict[str, Any]:
        return {"tools": operations.list_tools(context.caller, params)}

    async def tools_call(context: Context, params: dict[str, Any]) -> dict[str, Any]:
        return await operations.call_tool(params, context.progress)

    return {"initialize": initialize, "ping": ping, "tools/list": tools_list, "tools/call": tools_call}
