"""Reads `a=1 city=Oslo` as a tool's arguments, by the types in its input schema (JSON Schema 2020-12)."""

import json
from collections.abc import Iterable
from typing import Any

from gateway.client.errors import BadRequest
from gateway.client.tools import Json, Tool

WORDS = {"true": True, "false": False, "null": None}


def parse_arguments(tool: Tool, words: Iterable[str]) -> Json:
    """The arguments of a call. The server still checks them; this only decides what is a number and what a string."""
    arguments: Json = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name:
            raise BadRequest(f"{word!r} is not of the form name=value")
        if name not in tool.properties:
            raise BadRequest(f"{tool.name} has no argument {name!r}; it has {', '.join(tool.properties) or 'none'}")
        arguments[name] = _value(tool, name, text)
    if missing := [name for name in tool.required if name not in arguments]:
        raise BadRequest(f"{tool.name} also needs {', '.join(missing)}")
    return arguments


def types_of(schema: Any) -> list[str]:
    """The JSON types that a value may have, [] where the schema does not say."""
    if not isinstance(schema, dict):
        return []
    if "type" in schema:
        listed = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        return [kind for kind in listed if isinstance(kind, str)]
    choices = [schema[word] for word in ("anyOf", "oneOf") if isinstance(schema.get(word), list)]
    return [kind for listed in choices for choice in listed for kind in types_of(choice)]


def _value(tool: Tool, name: str, text: str) -> Any:
    kinds = types_of(tool.properties[name])
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
    raise BadRequest(f"{tool.name}: {name}={text} should be of type {' or '.join(kinds)}")


def _kind(value: Any) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")
