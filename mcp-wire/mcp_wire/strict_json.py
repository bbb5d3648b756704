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

# Possessive, and the closing quote optional, so that an unterminated string is passed over once: linear in the body.
_STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)


def read_json(body: bytes) -> Any:
    """Decode a UTF-8 JSON text. Numbers with a fraction or an exponent become ``Decimal``, so none loses a digit.

    Raises:
        ValueError: not UTF-8, a byte order mark, not JSON (RFC 8259), a duplicate name, NaN or Infinity, a lone
            surrogate, an integer beyond Python's digit limit (4,300), or nesting deeper than ``MAX_DEPTH``.
    """
    _refuse_depth(body)
    text = body.decode("utf-8")  # strict: overlong forms and encoded surrogates are UnicodeDecodeError, a ValueError
    value = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite)
    if b"\\u" in body:  # only an escape can name a lone surrogate
        _refuse_lone_surrogates(value)
    return value


def _refuse_depth(body: bytes) -> None:
    # Counting brackets bounds the depth from above and is enough for nearly every message; only where the bound is too
    # high are strings told from structure. Checked first, so that the recursive decoder never sees a deep text.
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return
    depth = 0
    for token in _STRING_OR_BRACKET.finditer(body):
        first = token.group()[:1]
        if first in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise ValueError(f"JSON is nested deeper than {MAX_DEPTH} levels")
        elif first in b"]}":
            depth -= 1


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


def _refuse_lone_surrogates(value: Any) -> None:
    # Writing the value out as UTF-8 fails on them (UnicodeEncodeError is a ValueError), and is simpler than a walk.
    json.dumps(value, ensure_ascii=False, default=str).encode("utf-8")
