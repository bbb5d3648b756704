"""Brings each of many tokens to the gateway exactly once, a bounded number at a time."""

from collections.abc import Sequence
from pathlib import Path

from bench.burst import calls
from bench.sending import send_all

AT_ONCE = 64


def warm(url: str, tokens: Sequence[str], body: Path) -> None:
    """One request for each token.

    Raises:
        Implausible: an answer was not 200.
    """
    send_all(url, calls(tokens, body), at_once=AT_ONCE)
