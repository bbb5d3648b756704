"""A server with the tools that the conformance suite's scenarios call, as far as a server of ``mcp_serving`` has them.

``python -m tests.conformance.fixture_server`` runs it. Names, texts and the schema are the suite's.
"""

import asyncio
import dataclasses
import sys
from typing import Any

from mcp_serving import (
    Progress,
    ServerInfo,
    ServerSettings,
    Tool,
    Toolbox,
    ToolFailure,
    make_app,
    read_settings,
    serve,
)
from pydantic import BaseModel

SCOPE = "mcp:conformance"
INFO = ServerInfo(name="conformance", title="Conformance", version="1.0", instructions="For the conformance suite.")
STEP_SECONDS = 0.1

SCHEMA_2020_12: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}


class Said(BaseModel):
    text: str


def test_simple_text() -> Said:
    """Answer a text."""
    return Said(text="This is a simple text response for testing.")


def test_error_handling() -> Said:
    """Always fail."""
    raise ToolFailure("This tool intentionally returns an error for testing")


async def test_tool_with_progress(progress: Progress) -> Said:
    """Report progress three times."""
    for done in (0, 50, 100):
        progress.report(done, total=100)
        await asyncio.sleep(STEP_SECONDS)
    return Said(text="Done, with three reports.")


def test_logging_tool() -> Said:
    """Do nothing that a client would be sent a log message of."""
    return Said(text="Nothing was logged to the client.")


def json_schema_2020_12_tool() -> Said:
    """Be listed with an input schema that uses much of JSON Schema 2020-12."""
    return Said(text="Only its listing matters.")


def fixture_toolbox() -> Toolbox:
    plain = (test_simple_text, test_error_handling, test_tool_with_progress, test_logging_tool)
    tools = [Tool.of(function, title=function.__name__) for function in plain]
    # No function has this signature: what is shown is that the server lists a schema as it was given.
    described = dataclasses.replace(
        Tool.of(json_schema_2020_12_tool, title="JSON Schema 2020-12"), input_schema=SCHEMA_2020_12
    )
    return Toolbox(INFO, scopes=[SCOPE], tools=[*tools, described])


def main() -> int:
    settings = read_settings(ServerSettings)
    return serve(make_app(fixture_toolbox(), settings), settings)


if __name__ == "__main__":
    sys.exit(main())
