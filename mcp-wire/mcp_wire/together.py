"""Things that happen at each request and are told a moment later, many at once.

What makes a log line is out of the processor's caches after each request, and has to be fetched for one line as for
thirty.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")

TOLD_AFTER_SECONDS = 0.05
"""A thing is told this long after it happened, at most. What a killed process can lose is this much of its log; one
that ends tells all of it."""

TOGETHER = 32
"""So many are told at once, at most: some tenths of a millisecond, for which requests wait."""

Later = Callable[[float, Callable[[], None]], object]
"""``call_later`` of an event loop."""


def in_the_running_loop(seconds: float, call: Callable[[], None]) -> None:
    """``call_later`` of the loop that runs when something happens."""
    asyncio.get_running_loop().call_later(seconds, call)


class Together(Generic[T]):
    """Keeps what is added until it is told, in its order, by ``tell``."""

    def __init__(self, tell: Callable[[Sequence[T]], object], call_later: Later = in_the_running_loop) -> None:
        self._tell = tell
        self._call_later = call_later
        self._kept: list[T] = []

    def add(self, happened: T) -> None:
        """One more."""
        kept = self._kept
        if not kept:
            self._call_later(TOLD_AFTER_SECONDS, self.tell)
        kept.append(happened)
        if len(kept) >= TOGETHER:
            self.tell()

    def tell(self) -> None:
        """Tell what was not told yet."""
        if self._kept:
            kept, self._kept = self._kept, []
            self._tell(kept)
