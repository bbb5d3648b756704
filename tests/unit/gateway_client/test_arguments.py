"""`name=value` becomes what the tool's input schema says."""

from typing import Any

import pytest
from gateway.client.arguments import parse_arguments
from gateway.client.errors import BadRequest
from gateway.client.tools import Tool


def parse(schema: dict[str, Any], *words: str, required: tuple[str, ...] = ()) -> dict[str, Any]:
    return parse_arguments(Tool("tool", "", {"properties": schema, "required": list(required)}), words)


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        ({"type": "number"}, "1", 1),
        ({"type": "number"}, "-1.5e3", -1500.0),
        ({"type": "integer"}, "7", 7),
        ({"type": "boolean"}, "true", True),
        ({"type": "string"}, "007", "007"),
        ({"type": "string"}, "true", "true"),
        ({"type": "string"}, "a=b", "a=b"),
        ({"type": "string"}, "", ""),
        ({"type": "array"}, "[1, 2]", [1, 2]),
        ({"type": "object"}, '{"a": 1}', {"a": 1}),
        ({"type": ["string", "null"]}, "null", None),
        ({"anyOf": [{"type": "number"}, {"type": "string"}]}, "0.1", 0.1),
        ({"anyOf": [{"type": "number"}, {"type": "string"}]}, "one", "one"),
        ({"type": ["string", "number"]}, "[1]", "[1]"),
        ({}, "3", 3),
        ({}, "Oslo", "Oslo"),
    ],
)
def test_value_is_read_as_its_schema_says(schema: dict[str, Any], text: str, value: Any) -> None:
    found = parse({"x": schema}, f"x={text}")["x"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"type": "number"}, "one"),
        ({"type": "integer"}, "1.5"),
        ({"type": "boolean"}, "1"),
        ({"type": "number"}, "true"),
    ],
)
def test_value_of_another_type_is_told_before_anything_is_sent(schema: dict[str, Any], text: str) -> None:
    with pytest.raises(BadRequest, match=f"x={text} should be of type"):
        parse({"x": schema}, f"x={text}")


@pytest.mark.parametrize("word", ["x", "=1", ""])
def test_word_that_is_no_pair_is_told(word: str) -> None:
    with pytest.raises(BadRequest, match="name=value"):
        parse({"x": {}}, word)


def test_unknown_and_missing_arguments_are_told_by_name() -> None:
    with pytest.raises(BadRequest, match=r"no argument 'c'; it has a, b"):
        parse({"a": {}, "b": {}}, "c=1")
    with pytest.raises(BadRequest, match="also needs b"):
        parse({"a": {}, "b": {}}, "a=1", required=("a", "b"))
