"""Reads `a=1 city=Oslo` as a tool's arguments, by the types in its input schema (JSON Schema 2020-12)."""

import json
from collections.abc import Iterable
from typing import Any

from gateway.client.errors import ClientError
from gateway.client.mcp_session import Json, Tool

WORDS = {"true": True, "false": False, "null": None}


class BadArgument(ClientError):
    """An argument on the command line does not fit the tool; told before anything is sent."""

    exit_code = 2


def parse_arguments(tool: Tool, words: Iterable[str]) -> Json:
    """The arguments of a call. The server still checks them; this only decides what is a number and what a string."""
    properties: Json = tool.input_schema.get("properties", {})
    arguments: Json = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name:
            raise BadArgument(f"{word!r} is not of the form name=value")
        if name not in properties:
            raise BadArgument(f"{tool.name} has no argument {name!r}; it has {', '.join(properties) or 'none'}")
        arguments[name] = _value(tool, name, text)
    if missing := [name for name in tool.input_schema.get("required", []) if name not in arguments]:
        raise BadArgument(f"{tool.name} also needs {', '.join(missing)}")
    return arguments


def types_of(schema: Json) -> list[str]:
    """The JSON types that a value may have, [] where the schema does not say."""
    if "type" in schema:
        return [schema["type"]] if isinstance(schema["type"], str) else list(schema["type"])
    return [kind for choice in (*schema.get("anyOf", []), *schema.get("oneOf", [])) for kind in types_of(choice)]


def _value(tool: Tool, name: str, text: str) -> Any:
    kinds = types_of(tool.input_schema["properties"][name])
    # A string is taken as it stands ("007" keeps its zeros) unless it can also be something else and looks like it.
    if kinds == ["string"]:
        return text
    try:
        value = WORDS[text] if text in WORDS else json.loads(text)
    except ValueError:
        value = text
    if not kinds or _kind(value) in kinds or (_kind(value) == "integer" and "number" in kinds):
        return value
    if "string" in kinds:
        return text
    raise BadArgument(f"{tool.name}: {name}={text} should be of type {' or '.join(kinds)}")


def _kind(value: Any) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")
