"""Things that happen at each request and are told a moment later, many at once.

What makes a log line is out of the processor's caches after each request, and has to be fetched for one line as for
thirty.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")

TOLD_AFTER_SECONDS = 0.05
"""A thing is told this long after it happened, at most. What a killed process can lose is this much of its log; one
that ends tells all of it."""

TOGETHER = 32
"""So many do not wait for their moment: to tell them takes some tenths of a millisecond, for which requests wait."""

BEHIND = 2048
"""So many that are kept are more than a busy moment leaves."""

Later = Callable[[float, Callable[[], None]], object]
"""``call_later`` of an event loop, which where things happen in other threads takes it from them."""


def in_the_running_loop(seconds: float, call: Callable[[], None]) -> None:
    """``call_later`` of the loop that runs when something happens."""
    asyncio.get_running_loop().call_later(seconds, call)


class Together(Generic[T]):
    """Keeps what is added, in any thread, until it is told, in its order, by ``tell``, in ``call_later``'s."""

    def __init__(self, tell: Callable[[Sequence[T]], object], call_later: Later = in_the_running_loop) -> None:
        self._tell = tell
        self._call_later = call_later
        self._lock = threading.Lock()
        self._kept: list[T] = []

    @property
    def is_behind(self) -> bool:
        """Whether more happens than is told, because who listens is slow: a good moment to wait."""
        return len(self._kept) >= BEHIND

    def add(self, happened: T) -> None:
        """One more."""
        with self._lock:
            self._kept.append(happened)
            kept = len(self._kept)
        if kept == 1:
            self._call_later(TOLD_AFTER_SECONDS, self.tell)
        elif kept == TOGETHER:
            self._call_later(0, self.tell)

    def tell(self) -> None:
        """Tell what was not told yet."""
        with self._lock:
            kept, self._kept = self._kept, []
        if kept:
            self._tell(kept)
