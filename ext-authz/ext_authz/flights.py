"""One question at a time for each key: who asks while it is on its way joins it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class TooManyFlights(Exception):
    """As many are on their way as there may be."""


@dataclass(frozen=True, slots=True)
class _Flight(Generic[V]):
    task: "asyncio.Task[V]"
    started_at: float


class Flights(Generic[K, V]):
    """At most ``limit`` at once, so that memory stays flat. ``clock`` gives monotonic seconds."""

    def __init__(self, limit: int, clock: Callable[[], float]) -> None:
        self._limit = limit
        self._clock = clock
        self._flights: dict[K, _Flight[V]] = {}

    def under_way(self, key: K, *, younger_than: float) -> "asyncio.Task[V] | None":
        """The flight to join: one that started less than ``younger_than`` seconds ago."""
        flight = self._flights.get(key)
        return flight.task if flight and self._clock() - flight.started_at < younger_than else None

    def start(self, key: K, question: Callable[[], Awaitable[V]]) -> "asyncio.Task[V]":
        """Ask; a flight of the same key that was too old to join goes on for those who wait for it.

        Raises:
            TooManyFlights: the limit is reached.
        """
        if len(self._flights) >= self._limit:
            raise TooManyFlights
        task = asyncio.ensure_future(question())
        self._flights[key] = _Flight(task, self._clock())
        task.add_done_callback(lambda done: self._landed(key, done))
        return task

    async def aclose(self) -> None:
        """End what is on its way."""
        tasks = [flight.task for flight in self._flights.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _landed(self, key: K, done: "asyncio.Task[V]") -> None:
        if (flight := self._flights.get(key)) and flight.task is done:
            del self._flights[key]
        if not done.cancelled():
            done.exception()  # marks it as seen: all who waited may be gone
