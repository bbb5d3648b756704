"""A gateway that falls for one kind of attack, and what the doctor must then blame it for, with what words."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.support.fake_gateway import TOKEN, Asked, Flaw, result

IN = result({})


@dataclass(frozen=True)
class Falling:
    """`maker` is the module of the attacks, `blamed` the titles that must fail, `cause` what is said of them."""

    maker: Any
    flaw: Flaw
    blamed: set[str]
    cause: str = "it is let in"


def fools(fooled: Callable[[Asked], object], told: bytes = IN) -> Flaw:
    return lambda asked: told if fooled(asked) else None


def raw(pattern: bytes, told: bytes = IN) -> Flaw:
    return fools(lambda asked: re.search(pattern, asked.raw), told)


def has_token(asked: Asked) -> bool:
    return asked["authorization"] == f"Bearer {TOKEN}"
