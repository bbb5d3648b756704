"""What one server offers: its tools, and the scopes that each needs."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from mcp_serving.tool import Tool

MISSING_SCOPES = "io.github.mcp-gateway/missing-scopes"
"""The key in a listed tool's ``_meta``, prefixed in reverse DNS as MCP 2025-11-25 asks ("General fields: _meta")."""


class BeyondScopes(StrEnum):
    """What a listing does with a tool that the caller's token does not open.

    ``SHOW`` is the default: a client asks for a further scope only for a tool that it knows of.
    """

    SHOW = "show"
    HIDE = "hide"


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """MCP's ``Implementation`` with the instructions that a client may put before its model."""

    name: str
    title: str
    version: str
    instructions: str

    def to_wire(self) -> dict[str, str]:
        return {"name": self.name, "title": self.title, "version": self.version}


class Toolbox:
    """The tools of one server, in the order given, which is the order they are listed in."""

    def __init__(self, info: ServerInfo, *, scopes: Iterable[str], tools: Sequence[Tool]) -> None:
        """``scopes`` are needed for every request to the server.

        Raises:
            ValueError: two tools have one name.
        """
        self.info = info
        self.scopes = frozenset(scopes)
        self._tools = {tool.name: tool for tool in tools}
        if len(self._tools) != len(tools):
            raise ValueError("two tools have the same name")

    def __iter__(self) -> Iterator[Tool]:
        return iter(self._tools.values())

    def find(self, name: object) -> Tool | None:
        return self._tools.get(name) if isinstance(name, str) else None

    def effective_scopes(self, tool: Tool | None) -> frozenset[str]:
        """What a caller of ``tool`` needs; for None, what any other request needs."""
        return self.scopes | tool.scopes if tool else self.scopes

    def listing(self, granted: frozenset[str], beyond: BeyondScopes) -> list[dict[str, Any]]:
        """The tools as ``tools/list`` shows them to a caller with the scopes ``granted``."""
        tools = ((tool, self.effective_scopes(tool) - granted) for tool in self)
        return [_listed(tool, missing) for tool, missing in tools if not missing or beyond is BeyondScopes.SHOW]


def _listed(tool: Tool, missing: frozenset[str]) -> dict[str, Any]:
    wire = tool.to_wire()
    if not missing:
        return wire
    names = sorted(missing)
    note = f" (Needs a token with the further scope: {' '.join(names)})"
    return {**wire, "description": wire["description"] + note, "_meta": {MISSING_SCOPES: names}}
