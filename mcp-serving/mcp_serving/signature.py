"""From a function's signature to the models of its arguments and its result, and from those to JSON Schema 2020-12.

The schemas carry no ``$schema``: MCP's default dialect is 2020-12 (revision 2025-11-25, "JSON Schema Usage"), and the
TypeScript SDK's validator refuses a dialect URI that it does not know.
"""

import inspect
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from mcp_serving.progress import Progress

STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, arbitrary_types_allowed=False)
"""Arguments are what the schema says or they are refused: "1" is no number, true is no integer, nothing is extra."""


HEADER_ANNOTATION = "x-mcp-header"
"""MCP 2026-07-28, "Custom Headers from Tool Parameters": optional for servers, and of no use behind this gateway."""


class BadArguments(ValueError):
    """The arguments do not fit the tool. The text tells the model what to change."""


class _Schemas(GenerateJsonSchema):
    """pydantic writes a ``Decimal`` as text; ours go out as JSON numbers with all their digits (json_text)."""

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:  # noqa: ARG002 - pydantic's hook
        return {"type": "number"}


def argument_model(function: Callable[..., Any]) -> type[BaseModel]:
    """A model with a field for each parameter; ``Annotated[T, Field(description=…)]`` describes it.

    A ``Progress`` is none (``progress_parameters``).

    Raises:
        TypeError: a parameter has no type, or is positional-only, ``*args`` or ``**kwargs``.
    """
    hints, reporting = get_type_hints(function, include_extras=True), progress_parameters(function)
    fields: dict[str, Any] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if name in reporting:
            continue
        if parameter.kind not in {parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY} or name not in hints:
            raise TypeError(f"{function.__name__}: parameter {name} needs a name and a type to become an argument")
        default = Field() if parameter.default is parameter.empty else parameter.default
        fields[name] = (hints[name], default)
    return create_model(f"{function.__name__}_arguments", __config__=STRICT, **fields)


def progress_parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    """The names of the parameters that are no arguments but take what the function reports its progress to.

    Raises:
        TypeError: such a parameter is optional, or one of several types.
    """
    hints = {name: hint for name, hint in get_type_hints(function).items() if name != "return"}
    for name, hint in hints.items():
        if Progress in get_args(hint):
            raise TypeError(
                f"{function.__name__}: parameter {name} is Progress and nothing else, as every call has one"
            )
    return tuple(name for name, hint in hints.items() if hint is Progress)


def result_model(function: Callable[..., Any]) -> type[BaseModel]:
    """The pydantic model that the function says it returns.

    Raises:
        TypeError: it says something else; MCP's structured content is always an object.
    """
    result = get_type_hints(function).get("return")
    if not (isinstance(result, type) and issubclass(result, BaseModel)):
        raise TypeError(f"{function.__name__}: annotate the result with a pydantic model")
    return result


def input_schema(model: type[BaseModel]) -> dict[str, Any]:
    """
    Raises:
        TypeError: a parameter asks clients to repeat it in a header, which this server would then have to check.
    """
    schema: dict[str, Any] = _without_titles(model.model_json_schema(schema_generator=_Schemas, mode="validation"))
    if HEADER_ANNOTATION in json.dumps(schema, default=str):
        raise TypeError(f"{HEADER_ANNOTATION} is not supported: a router reads the tool's name in Mcp-Name")
    return schema


def output_schema(model: type[BaseModel]) -> dict[str, Any]:
    schema: dict[str, Any] = _without_titles(model.model_json_schema(schema_generator=_Schemas, mode="serialization"))
    return schema


def read_arguments(model: type[BaseModel], arguments: dict[str, Any]) -> dict[str, Any]:
    """The validated arguments by name, ready for the function.

    Raises:
        BadArguments: they do not fit the model.
    """
    try:
        read = model.model_validate({name: _whole_as_int(value) for name, value in arguments.items()})
    except ValidationError as error:
        raise BadArguments(_explain(model, error)) from error
    return {name: getattr(read, name) for name in model.model_fields}


def _whole_as_int(value: Any) -> Any:
    # JSON Schema 2020-12 (Validation §6.1.1): a number without a fraction is an integer, so 2.0 and 2e0 are. Beyond 18
    # digits a number stays as it was written: 1e999999999 must not become an integer of a billion digits.
    if isinstance(value, Decimal) and value.is_finite() and value.adjusted() <= 18 and value == int(value):  # noqa: PLR2004
        return int(value)
    return value


def _explain(model: type[BaseModel], error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    told = [_problem(tuple(problem["loc"]), problem["type"], problem["msg"]) for problem in problems[:5]]
    accepted = ", ".join(model.model_fields) or "none"
    return f"{'; '.join(told)}. Arguments of this tool: {accepted}."


def _problem(location: tuple[int | str, ...], kind: str, message: str) -> str:
    path = ".".join(str(part) for part in location)[:80] or "arguments"
    if kind == "missing":
        return f'argument "{path}" is missing'
    if kind == "extra_forbidden":
        return f'there is no argument "{path}"'
    return f'argument "{path}": {message.removeprefix("Value error, ")}'


def _without_titles(schema: Any) -> Any:
    # pydantic repeats each field's name as its title, which costs a model tokens on every listing and tells it nothing.
    if isinstance(schema, list):
        return [_without_titles(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: part for key, part in schema.items() if key != "title" or not isinstance(part, str)}
    return {key: _without_titles(part) for key, part in kept.items()}
