"""Shows MCP servers and their tools to a person, or as JSON to a program."""

import json
from collections.abc import Iterable

from gateway.client.arguments import types_of
from gateway.client.resources import Resource
from gateway.client.terminal import as_json as json_text
from gateway.client.terminal import lines
from gateway.client.tools import Json, Tool


def describe_resources(resources: Iterable[Resource], public_url: str, *, as_json: bool) -> str:
    """One line for each MCP server: its name, address and scopes."""
    rows = [{"name": r.name, "title": r.title, "url": public_url + r.path, "scopes": r.scopes} for r in resources]
    if as_json:
        return json.dumps(rows, indent=2)
    return "\n".join(f"{row['name']}  {row['url']}  ({', '.join(row['scopes'])})" for row in rows)


def describe_tools(tools: Iterable[Tool], *, as_json: bool) -> str:
    """Each tool with its description, and below it one line for each argument."""
    if as_json:
        rows = [{"name": t.name, "description": t.description, "inputSchema": t.input_schema} for t in tools]
        return json_text(rows)
    return lines("\n\n".join(_tool(tool) for tool in tools))


def _tool(tool: Tool) -> str:
    arguments = [_argument(name, schema, is_required=name in tool.required) for name, schema in tool.properties.items()]
    return "\n".join([f"{tool.name}: {tool.description}", *arguments])


def _argument(name: str, schema: Json, *, is_required: bool) -> str:
    kind = " or ".join(types_of(schema)) or "any"
    otherwise = f"default {json.dumps(schema['default'])}" if "default" in schema else "optional"
    return f"    {name}  {kind}, {'required' if is_required else otherwise}  {schema.get('description', '')}".rstrip()
