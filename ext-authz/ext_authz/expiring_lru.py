"""A bounded map whose entries end: the least recently used one goes first when it is full."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Entry(Generic[V]):
    """``stored_at`` and ``ends_at`` are in seconds of the map's clock."""

    value: V
    stored_at: float
    ends_at: float


class ExpiringLru(Generic[K, V]):
    """Holds at most ``size`` entries. ``clock`` gives monotonic seconds. May be used in several threads."""

    def __init__(self, size: int, clock: Callable[[], float]) -> None:
        self._size = size
        self._clock = clock
        self._entries: OrderedDict[K, Entry[V]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: K) -> V | None:
        """The value, unless it is absent or has ended."""
        found = self.look_up(key)
        return found[0] if found else None

    def look_up(self, key: K) -> tuple[V, float] | None:
        """The value and its age in seconds, unless it is absent or has ended."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            now = self._clock()
            if now >= entry.ends_at:
                del self._entries[key]
                return None
            self._entries.move_to_end(key)
        return entry.value, now - entry.stored_at

    def drop(self, key: K) -> None:
        """Forget the entry, if it is there."""
        with self._lock:
            self._entries.pop(key, None)

    def put(self, key: K, value: V, lifetime: float, *, since: float | None = None) -> bool:
        """Store for ``lifetime`` seconds from ``since`` (now, where None); nothing is stored if they have passed.

        Returns whether another entry had to go for it.
        """
        start = self._clock() if since is None else since
        if start + lifetime <= self._clock():
            return False
        with self._lock:
            self._entries[key] = Entry(value, start, start + lifetime)
            self._entries.move_to_end(key)
            if len(self._entries) <= self._size:
                return False
            self._entries.popitem(last=False)
        return True
