"""A small memory for answers that stay true for a while."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class TtlCache(Generic[Value]):
    """Keeps at most ``size`` values, each for its own time; the one that was put first goes first."""

    def __init__(self, size: int, now: Callable[[], float] = time.monotonic) -> None:
        """``now`` is a clock in seconds that never goes back."""
        self._size = size
        self._now = now
        self._kept: OrderedDict[Hashable, tuple[float, Value]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable) -> Value | None:
        ends, value = self._kept.get(key, (0.0, None))
        if value is not None and self._now() >= ends:
            del self._kept[key]
            return None
        return value

    def put(self, key: Hashable, value: Value, seconds: float) -> None:
        if seconds <= 0:
            return
        self._kept[key] = (self._now() + seconds, value)
        self._kept.move_to_end(key)
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)
