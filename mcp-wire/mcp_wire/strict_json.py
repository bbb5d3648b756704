"""Reads JSON so that no two readers can disagree about what it says.

Python's ``json`` accepts more than RFC 8259 and settles silently what the RFC leaves open (§4: names that are not
unique make the behaviour of receivers unpredictable). A gateway that decides on one reading while a server acts on
another can be walked around, so every ambiguity is refused instead.
"""

import json
import re
from decimal import Decimal
from typing import Any, Never

MAX_DEPTH = 64
"""Levels of nested arrays and objects. Real MCP messages use fewer than ten."""

MAX_VALUES = 20_000
"""Members and elements in all. A body of a mebibyte may hold long texts, but not half a million values: to read those
takes a second of CPU, during which a gateway answers nobody."""

_WHITESPACE = " \t\n\r"

# Possessive, and the closing quote optional, so that an unterminated string is passed over once: linear in the body.
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_BRACKET = re.compile(rb"[\[{\]}]")


def read_json(body: bytes) -> Any:
    """Decode a UTF-8 JSON text. Numbers with a fraction or an exponent become ``Decimal``, so none loses a digit.

    Raises:
        ValueError: not UTF-8, a byte order mark, not JSON (RFC 8259), a duplicate name, NaN or Infinity, a lone
            surrogate, an integer beyond Python's digit limit (4,300), nesting deeper than ``MAX_DEPTH``, or more than
            ``MAX_VALUES`` values.
    """
    _refuse_size(body)
    text = body.decode("utf-8")  # strict: overlong forms and encoded surrogates are UnicodeDecodeError, a ValueError
    text = text.strip(_WHITESPACE)
    value, end = _DECODER.raw_decode(text)
    if end != len(text):
        raise ValueError("JSON text is followed by something else")
    if b"\\u" in body:  # only an escape can name a lone surrogate
        _refuse_lone_surrogates(value)
    return value


def _refuse_size(body: bytes) -> None:
    # Counting in the raw bytes bounds values and depth from above, which is enough for nearly every message; only where
    # the bound is too high are strings told from structure. Done first: the recursive decoder never sees a deep text.
    if _values(body) <= MAX_DEPTH:
        return
    structure = _STRING.sub(b"", body)
    if _values(structure) > MAX_VALUES:
        raise ValueError(f"JSON has more than {MAX_VALUES} values")
    depth = 0
    for bracket in _BRACKET.finditer(structure):
        depth += 1 if bracket.group() in b"[{" else -1
        if depth > MAX_DEPTH:
            raise ValueError(f"JSON is nested deeper than {MAX_DEPTH} levels")
        if depth < 0:
            return  # more closed than opened: no JSON, as the decoder will say


def _values(text: bytes) -> int:
    """As many as there can be at most: each has an opening bracket or a comma before it."""
    return len(text) - len(text.translate(None, b"[{,"))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("JSON object has a duplicate member name")
    return members


def _refuse_constant(name: str) -> Never:
    raise ValueError(f"{name} is not JSON")


def _finite(literal: str) -> Decimal:
    try:
        return Decimal(literal)
    except ArithmeticError as error:  # an exponent beyond Decimal's own range, about 10^18
        raise ValueError("JSON number is out of range") from error


# Made once: json.loads with these arguments makes one for every text, which takes twice as long as reading a message.
_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite)


def _refuse_lone_surrogates(value: Any) -> None:
    # Writing the value out as UTF-8 fails on them (UnicodeEncodeError is a ValueError), and is simpler than a walk.
    json.dumps(value, ensure_ascii=False, default=str).encode("utf-8")
