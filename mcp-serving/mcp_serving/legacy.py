"""MCP as it was up to revision 2025-11-25: a client says ``initialize`` first. Ours keeps no session of it."""

from typing import Any

from mcp_serving.caller import Caller
from mcp_serving.operations import Operations
from mcp_serving.rpc import Methods

VERSIONS = ("2025-11-25", "2025-06-18", "2025-03-26")
"""Newest first. Their differences do not show in a server that has tools alone."""


def legacy_methods(operations: Operations) -> Methods:
    """The methods by name, each from caller and params to the result's object."""

    async def initialize(_: Caller, params: dict[str, Any]) -> dict[str, Any]:
        # MCP 2025-11-25, "Version Negotiation": a version that we do not have is answered by the newest that we do.
        asked = params.get("protocolVersion")
        info = operations.toolbox.info
        return {
            "protocolVersion": asked if asked in VERSIONS else VERSIONS[0],
            "capabilities": {"tools": {}},
            "serverInfo": info.to_wire(),
            "instructions": info.instructions,
        }

    async def ping(_: Caller, __: dict[str, Any]) -> dict[str, Any]:
        return {}

    async def tools_list(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        return {"tools": operations.list_tools(caller, params)}

    async def tools_call(_: Caller, params: dict[str, Any]) -> dict[str, Any]:
        return await operations.call_tool(params)

    return {"initialize": initialize, "ping": ping, "tools/list": tools_list, "tools/call": tools_call}
