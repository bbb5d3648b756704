"""Writes JSON without turning decimal fractions into binary ones.

The standard encoder knows ``int`` and ``float`` only, and as a float 0.3 is not what 0.1 + 0.2 gives. RFC 8259 §6 lets
a number have any number of digits, so a ``Decimal`` is written with its own.
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from json.encoder import encode_basestring as _quoted
from typing import Any


def to_json(value: Any) -> str:
    """``value`` as compact JSON text.

    Raises:
        ValueError: a number is NaN or infinite.
        TypeError: a value has no JSON form, or an object has a name that is not a string.
    """
    # By the commonest first. json.dumps would make an encoder for each text and number; what it calls in the end is
    # called directly, and a result is written in a quarter of the time.
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, dict | Mapping):
        return "{" + ",".join([f"{_name(name)}:{to_json(member)}" for name, member in value.items()]) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join([to_json(element) for element in value]) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return _WORDS[value]
    if isinstance(value, int):
        return int.__repr__(value)  # as the encoder does: an IntEnum's own would be its name
    return _number(value) if isinstance(value, Decimal) else json.dumps(value, allow_nan=False)


_WORDS = {None: "null", True: "true", False: "false"}


def _name(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"a JSON object's names are strings, not {type(name).__name__}")
    return _quoted(name)


def _number(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError("JSON has no NaN and no infinity")
    return str(value)  # digits, perhaps a point and an exponent such as E+3: all within RFC 8259's grammar
