"""What an MCP server offers and answers, as the commands show it; without the SDK, which loads slowly."""

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool as the server describes it; `input_schema` is JSON Schema 2020-12."""

    name: str
    description: str
    input_schema: Json

    @property
    def properties(self) -> dict[str, Json]:
        """The arguments and their schemas. A server may write anything there; what is no schema says nothing."""
        listed = self.input_schema.get("properties")
        if not isinstance(listed, dict):
            return {}
        return {name: schema if isinstance(schema, dict) else {} for name, schema in listed.items()}

    @property
    def required(self) -> list[str]:
        """The arguments that no call may leave out."""
        listed = self.input_schema.get("required")
        return [name for name in listed if isinstance(name, str)] if isinstance(listed, list) else []


@dataclass(frozen=True, slots=True)
class CallResult:
    """What a tool answered: text for a person, and the whole result as it came."""

    text: str
    is_error: bool
    raw: Json
