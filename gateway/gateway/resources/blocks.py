"""Blocks in YAML text, found by their indentation: what a person would mark with the mouse.

Files are edited as text, because reading and writing them again would lose comments, order, quotes and anchors.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import yaml


@dataclass(frozen=True, slots=True)
class Block:
    """Lines `first` to `last` (both included, counted from 0) of a text."""

    first: int
    last: int


def find_block(lines: list[str], *heads: str, after: int = 0) -> Block | None:
    """The block whose first line begins with one of `heads`: that line, and all that is indented deeper."""
    for number in range(after, len(lines)):
        if any(lines[number].startswith(head) and _is_whole(lines[number], head) for head in heads):
            return Block(number, _end(lines, number))
    return None


def insert_above(text: str, marker: str, block: str) -> str | None:
    """`text` with the lines of `block` before the line that begins with `marker`; None where there is no such line."""
    at = 0 if text.startswith(marker) else text.find(f"\n{marker}") + 1
    return text[:at] + block + text[at:] if at or text.startswith(marker) else None


def cut(text: str, block: Block) -> str:
    """`text` without the lines of `block`."""
    lines = text.splitlines(keepends=True)
    return "".join(lines[: block.first] + lines[block.last + 1 :])


def word(value: str) -> str:
    """`value` as a YAML scalar, in quotes only where it would read as something else (`null`, `1.5`, `on`)."""
    try:
        plain = yaml.safe_load(f"[{value}]") == [value]
    except yaml.YAMLError:
        plain = False
    return value if plain else f'"{value}"'


def _is_whole(line: str, head: str) -> bool:
    """`mcp_notes` does not begin `mcp_notes-old`."""
    return line[len(head) : len(head) + 1] in ("", "\n", "\r", " ", ",", ":", "#")


def _end(lines: list[str], first: int) -> int:
    last = first
    for number, indent in _indents(lines, first + 1):
        if indent <= _indent(lines[first]):
            break
        last = number
    return last


def _indents(lines: list[str], start: int) -> Iterator[tuple[int, int]]:
    """Number and indentation of every line that is not blank."""
    for number in range(start, len(lines)):
        if lines[number].strip():
            yield number, _indent(lines[number])


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
