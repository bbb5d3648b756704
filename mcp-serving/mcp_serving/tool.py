"""A tool: a typed Python function, and what MCP tells clients about it (revision 2025-11-25, "Tools")."""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from mcp_serving.progress import UNHEARD, Progress
from mcp_serving.signature import (
    argument_model,
    input_schema,
    output_schema,
    progress_parameters,
    read_arguments,
    result_model,
)


class ToolFailure(Exception):
    """The tool cannot do what was asked. The text goes to the model, so it says what to change."""


@dataclass(frozen=True, slots=True)
class Hints:
    """MCP's tool annotations. The defaults describe a tool that only looks things up in this process."""

    read_only: bool = True
    destructive: bool = False
    idempotent: bool = True
    open_world: bool = False

    def to_wire(self) -> dict[str, bool]:
        return {
            "readOnlyHint": self.read_only,
            "destructiveHint": self.destructive,
            "idempotentHint": self.idempotent,
            "openWorldHint": self.open_world,
        }


LOOKS_UP = Hints()


@dataclass(frozen=True, slots=True)
class Tool:
    """``scopes`` are those that the tool needs beyond its server's own."""

    name: str
    title: str
    description: str
    scopes: frozenset[str]
    hints: Hints
    function: Callable[..., Any]
    arguments: type[BaseModel]
    progress: tuple[str, ...]
    result: type[BaseModel]
    input_schema: dict[str, Any]
    output_schema: dict[str, Any]

    @classmethod
    def of(
        cls, function: Callable[..., Any], *, title: str, scopes: Iterable[str] = (), hints: Hints = LOOKS_UP
    ) -> "Tool":
        """Make a tool of ``function``: its name, docstring, parameters and return type are the tool's.

        A plain function runs on the event loop and must return at once; one that waits for anything is ``async def``.
        Either raises ``ToolFailure`` for what the model should know. Parameters are of types that JSON has (``str``,
        ``int``, ``float``, ``bool``, ``list``, ``Literal``, a pydantic model); a date is a ``str`` until a
        ``BeforeValidator`` makes it one. A parameter of type ``Progress`` is no argument: see there.

        Raises:
            TypeError: the signature cannot become a schema.
        """
        arguments, result = argument_model(function), result_model(function)
        return cls(
            name=function.__name__,
            title=title,
            description=" ".join((inspect.getdoc(function) or title).split()),
            scopes=frozenset(scopes),
            hints=hints,
            function=function,
            arguments=arguments,
            progress=progress_parameters(function),
            result=result,
            input_schema=input_schema(arguments),
            output_schema=output_schema(result),
        )

    def to_wire(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "inputSchema": self.input_schema,
            "outputSchema": self.output_schema,
            "annotations": {"title": self.title, **self.hints.to_wire()},
        }

    async def call(self, arguments: dict[str, Any], progress: Progress = UNHEARD) -> dict[str, Any]:
        """Run the tool; its result as a JSON object that fits the output schema.

        Raises:
            BadArguments: the arguments do not fit the input schema.
            ToolFailure: the tool says that it cannot.
        """
        result = self.function(**read_arguments(self.arguments, arguments), **dict.fromkeys(self.progress, progress))
        if inspect.isawaitable(result):
            result = await result
        return self.result.model_validate(result).model_dump(mode="python", by_alias=True)
