from decimal import Decimal
from typing import Annotated, Any

import pytest
from mcp_serving.signature import BadArguments, argument_model, read_arguments, result_model
from mcp_serving.tool import Tool
from pydantic import Field

from tests.support.json_schema import check_schema
from tests.support.serving_sample import Greeting, Person, greet, measure, sample_toolbox


def read(function: Any, **arguments: Any) -> dict[str, Any]:
    return read_arguments(argument_model(function), arguments)


@pytest.mark.covers("M7")
def test_the_input_schema_says_what_the_signature_says() -> None:
    assert Tool.of(greet, title="Greet").input_schema == {
        "type": "object",
        "additionalProperties": False,
        "required": ["name"],
        "properties": {
            "name": {"type": "string", "maxLength": 50, "description": "Whom to greet."},
            "times": {"type": "integer", "minimum": 1, "maximum": 3, "default": 1},
            "loud": {"type": "boolean", "default": False},
            "tone": {"enum": ["warm", "cool"], "type": "string", "default": "warm"},
        },
    }


@pytest.mark.covers("M7")
@pytest.mark.parametrize("tool", list(sample_toolbox()), ids=lambda tool: tool.name)
def test_schemas_are_json_schema_2020_12_of_objects(tool: Tool) -> None:
    for schema in (tool.input_schema, tool.output_schema):
        check_schema(schema)
        assert schema["type"] == "object"


def test_numbers_arrive_as_the_types_that_the_function_asks_for() -> None:
    arguments = read(measure, degrees=Decimal("1.5"), person={"name": "a", "age": 3}, weights=[Decimal("0.5"), 2])
    assert arguments == {"degrees": 1.5, "person": Person(name="a", age=3), "weights": [0.5, 2.0]}


def test_a_number_without_a_fraction_is_an_integer() -> None:
    """JSON Schema 2020-12, Validation section 6.1.1."""
    assert read(greet, name="a", times=Decimal("2.0"))["times"] == 2
    assert read(greet, name="a", times=Decimal("2e0"))["times"] == 2


@pytest.mark.covers("M7")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({}, 'argument "name" is missing'),
        ({"name": "a", "nmae": "b"}, 'there is no argument "nmae"'),
        ({"name": 1}, 'argument "name": Input should be a valid string'),
        ({"name": None}, 'argument "name": Input should be a valid string'),
        ({"name": "a", "times": "1"}, 'argument "times": Input should be a valid integer'),
        ({"name": "a", "times": True}, 'argument "times": Input should be a valid integer'),
        ({"name": "a", "times": Decimal("1.5")}, 'argument "times": Input should be a valid integer'),
        ({"name": "a", "times": 4}, 'argument "times": Input should be less than or equal to 3'),
        ({"name": "a", "loud": 1}, 'argument "loud": Input should be a valid boolean'),
        ({"name": "a", "tone": "hot"}, "argument \"tone\": Input should be 'warm' or 'cool'"),
        ({"name": "a", "times": Decimal("1e999999999")}, 'argument "times": Input should be a valid integer'),
    ],
)
def test_arguments_that_do_not_fit_are_explained(arguments: dict[str, Any], told: str) -> None:
    with pytest.raises(BadArguments) as refused:
        read(greet, **arguments)
    assert told in str(refused.value)
    assert str(refused.value).endswith("Arguments of this tool: name, times, loud, tone.")


def test_a_number_beyond_a_doubles_range_is_no_float() -> None:
    with pytest.raises(BadArguments, match="finite"):
        read(measure, degrees=Decimal("1e400"), person={"name": "a"})


def test_many_wrong_arguments_are_told_briefly() -> None:
    with pytest.raises(BadArguments) as refused:
        read(greet, **{f"x{number}" * 100: number for number in range(1000)})
    assert len(str(refused.value)) < 1000


def test_a_parameter_without_a_type_is_refused_when_the_tool_is_made() -> None:
    def untyped(a):  # type: ignore[no-untyped-def]
        return a

    with pytest.raises(TypeError, match="parameter a"):
        argument_model(untyped)


@pytest.mark.parametrize("kind", ["args", "kwargs"])
def test_open_ended_parameters_are_refused_when_the_tool_is_made(kind: str) -> None:
    def many(*args: int) -> Greeting:
        raise NotImplementedError

    def named(**kwargs: int) -> Greeting:
        raise NotImplementedError

    with pytest.raises(TypeError, match=kind):
        argument_model(many if kind == "args" else named)


def test_a_result_that_is_no_model_is_refused_when_the_tool_is_made() -> None:
    def number() -> int:
        raise NotImplementedError

    with pytest.raises(TypeError, match="pydantic model"):
        result_model(number)


def test_a_parameter_to_be_repeated_in_a_header_is_refused_when_the_tool_is_made() -> None:
    """Clients would send Mcp-Param-Region, and a server that asks for it must check it (MCP 2026-07-28)."""

    def query(region: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})]) -> Greeting:
        raise NotImplementedError

    with pytest.raises(TypeError, match="x-mcp-header"):
        Tool.of(query, title="Query")
