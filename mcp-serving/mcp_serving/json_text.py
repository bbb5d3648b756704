"""Writes JSON without turning decimal fractions into binary ones.

The standard encoder knows ``int`` and ``float`` only, and as a float 0.3 is not what 0.1 + 0.2 gives. RFC 8259 §6 lets
a number have any number of digits, so a ``Decimal`` is written with its own.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from json.encoder import encode_basestring as _quoted
from typing import Any


def to_json(value: Any) -> str:
    """``value`` as compact JSON text.

    Raises:
        ValueError: a number is NaN or infinite.
        TypeError: a value has no JSON form, or an object has a name that is not a string.
    """
    # json.dumps would make an encoder for each text and number; what it calls in the end is called directly, found by
    # the value's type.
    return _WRITERS.get(type(value), _other)(value)


def _object(value: Mapping[Any, Any]) -> str:
    writers = _WRITERS.get
    members = [f"{_name(name)}:{writers(type(member), _other)(member)}" for name, member in value.items()]
    return "{" + ",".join(members) + "}"


def _array(value: Iterable[Any]) -> str:
    writers = _WRITERS.get
    return "[" + ",".join([writers(type(element), _other)(element) for element in value]) + "]"


def _other(value: Any) -> str:
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Mapping):
        return _object(value)
    if isinstance(value, list | tuple):
        return _array(value)
    if isinstance(value, int):
        return int.__repr__(value)  # as the encoder does: an IntEnum's own would be its name
    return _number(value) if isinstance(value, Decimal) else json.dumps(value, allow_nan=False)


def _name(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"a JSON object's names are strings, not {type(name).__name__}")
    return _quoted(name)


def _number(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError("JSON has no NaN and no infinity")
    return str(value)  # digits, perhaps a point and an exponent such as E+3: all within RFC 8259's grammar


_WRITERS: dict[type[Any], Callable[[Any], str]] = {
    str: _quoted,
    int: int.__repr__,
    bool: {True: "true", False: "false"}.__getitem__,
    type(None): lambda _: "null",
    dict: _object,
    list: _array,
    tuple: _array,
    Decimal: _number,
}
