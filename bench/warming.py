"""Brings each of many tokens to the gateway exactly once, a bounded number at a time."""

from collections.abc import Sequence
from pathlib import Path

from bench.sending import Post, send_all

AT_ONCE = 64


def warm(url: str, tokens: Sequence[str], body: Path) -> None:
    """One request for each token.

    Raises:
        Implausible: an answer was not 200.
    """
    sent = body.read_bytes()
    posts = (Post({"Authorization": f"Bearer {one}", "Content-Type": "application/json"}, sent) for one in tokens)
    send_all(url, posts, at_once=AT_ONCE)
