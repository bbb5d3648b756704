"""A steady load on a running gateway while a test does something to it: what was asked, and what was answered when.

    with steady_load(gateway.ca, gateway.url, usual_mix(stack)) as load:
        gateway.kill("ext-authz")
        load.await_good(within_s=30)
    assert load.unauthorized_allows() == []

Requests leave on a clock, whether or not those before them were answered (an open loop): a component that hangs is
asked as often as one that does not, as by a real crowd of clients.
"""

import asyncio
import itertools
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.support.mcp import CALCULATOR, WEATHER, bearer, tool_call
from tests.support.sessions import signed_in
from tests.support.stack import Stack

MAX_WAITING = 1000
"""Requests under way at once. More than any fault here leaves waiting; a bound for the machine's sake."""

NO_ANSWER = 0
"""The status of a request that no answer came to: the connection was refused, reset, or silent for too long."""


@dataclass(frozen=True)
class Ask:
    """One kind of request. ``may_pass`` says whether it is authorized; one that is not must never be allowed."""

    name: str
    may_pass: bool
    headers: Callable[[], Mapping[str, str]]
    path: str = CALCULATOR
    message: Mapping[str, Any] = field(default_factory=lambda: tool_call("add", a=1, b=2))


@dataclass(frozen=True)
class Answer:
    """Times are ``time.monotonic()``. ``sent_at`` is taken before the request leaves, so it arrived no earlier."""

    ask: Ask
    sent_at: float
    answered_at: float
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    error: str = ""

    @property
    def allowed(self) -> bool:
        return 200 <= self.status < 300


class Load:
    """What has been answered so far."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.started_at = time.monotonic()

    def unauthorized_allows(self) -> list[Answer]:
        """What must be empty, whatever happens."""
        return [answer for answer in list(self.answers) if answer.allowed and not answer.ask.may_pass]

    def of(self, name: str, since: float = 0.0) -> list[Answer]:
        """The answers to requests of this kind that were sent after ``since``, in the order in which they were sent."""
        chosen = [answer for answer in list(self.answers) if answer.ask.name == name and answer.sent_at >= since]
        return sorted(chosen, key=lambda answer: answer.sent_at)

    def good(self, since: float = 0.0) -> list[Answer]:
        """The answers to authorized requests, in the order in which they were sent."""
        chosen = [answer for answer in list(self.answers) if answer.ask.may_pass and answer.sent_at >= since]
        return sorted(chosen, key=lambda answer: answer.sent_at)

    def mix(self, since: float = 0.0) -> dict[str, dict[int, int]]:
        """Kind of request → status → how often; status 0 is no answer."""
        found: dict[str, Counter[int]] = {}
        for answer in list(self.answers):
            if answer.sent_at >= since:
                found.setdefault(answer.ask.name, Counter())[answer.status] += 1
        return {name: dict(sorted(statuses.items())) for name, statuses in found.items()}

    def first_failure(self, since: float) -> Answer | None:
        """The first authorized request after ``since`` that was not allowed."""
        return next((answer for answer in self.good(since) if not answer.allowed), None)

    def healed_after(self, since: float) -> float:
        """Seconds from ``since`` to the first answer of the unbroken row of allowed ones that lasts until now.

        0 where every authorized request was allowed.
        """
        good = self.good(since)
        failed = [place for place, answer in enumerate(good) if not answer.allowed]
        if not failed:
            return 0.0
        after = good[failed[-1] + 1 :]
        assert after, "no authorized request has been allowed since the last failure"
        return after[0].answered_at - since

    def await_good(self, *, within_s: float, in_a_row: int = 10) -> float:
        """Returns once the next ``in_a_row`` authorized requests were all allowed; ``time.monotonic()`` then."""
        since, deadline = time.monotonic(), time.monotonic() + within_s
        while True:
            recent = self.good(since)
            if len(recent) >= in_a_row and all(answer.allowed for answer in recent[-in_a_row:]):
                return time.monotonic()
            assert time.monotonic() < deadline, f"not served again within {within_s} s: {self.mix(since)}"
            time.sleep(0.05)  # between two looks

    def await_count(self, more: int, *, within_s: float = 60) -> None:
        """Returns once that many more requests were answered, or found no answer."""
        enough, deadline = len(self.answers) + more, time.monotonic() + within_s
        while len(self.answers) < enough:
            assert time.monotonic() < deadline, f"{enough - len(self.answers)} answers short after {within_s} s"
            time.sleep(0.02)  # between two looks


def usual_mix(stack: Stack) -> list[Ask]:
    """A good token at each server, a made-up one, none, and a good one of the other server: six requests a round."""
    both = bearer(signed_in(stack, "mcp-client", "openid", "mcp:weather", "mcp:calculator").access_token)
    weather = bearer(signed_in(stack, "mcp-client", "openid", "mcp:weather").access_token)
    forecast = tool_call("get_weather_forecast", location="Berlin")
    good = Ask("good, calculator", True, lambda: both)
    return [
        good,
        Ask("good, weather", True, lambda: both, WEATHER, forecast),
        Ask("bad", False, lambda: bearer("made-up-token")),
        good,
        Ask("none", False, dict),
        Ask("other's", False, lambda: weather),
    ]


@contextmanager
def steady_load(
    ca: ssl.SSLContext,
    url: str,
    asks: Sequence[Ask],
    *,
    per_second: float = 24.0,
    timeout_s: float = 15.0,
    keep_connections: bool = True,
) -> Iterator[Load]:
    """Sends ``asks`` in turn until the block ends; then waits for what is under way."""
    load, stop = Load(), threading.Event()
    kept = httpx.Limits(max_connections=MAX_WAITING, max_keepalive_connections=50 if keep_connections else 0)
    client = httpx.AsyncClient(base_url=url, verify=ca, timeout=timeout_s, limits=kept)
    sending = _sending(load, stop, asks, client, per_second)
    thread = threading.Thread(target=lambda: asyncio.run(sending), name="load")
    thread.start()
    try:
        yield load
    finally:
        stop.set()
        thread.join(timeout_s + 30)
        assert not thread.is_alive(), "the load did not end"


async def _sending(
    load: Load,
    stop: threading.Event,
    asks: Sequence[Ask],
    client: httpx.AsyncClient,
    per_second: float,
) -> None:
    under_way: set[asyncio.Task[None]] = set()
    async with client:
        due = time.monotonic()
        for ask in itertools.cycle(asks):
            if stop.is_set():
                break
            if len(under_way) < MAX_WAITING:
                task = asyncio.create_task(_send(client, ask, load))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
            due = max(due + 1 / per_second, time.monotonic() - 1)  # a machine that stalled is not made to catch up
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        await asyncio.gather(*under_way)


async def _send(client: httpx.AsyncClient, ask: Ask, load: Load) -> None:
    headers = dict(ask.headers())
    sent_at = time.monotonic()
    try:
        answer = await client.post(ask.path, json=ask.message, headers=headers)
    except httpx.TransportError as error:
        load.answers.append(Answer(ask, sent_at, time.monotonic(), NO_ANSWER, error=type(error).__name__))
    else:
        body, told = answer.content[:500], answer.headers
        load.answers.append(Answer(ask, sent_at, time.monotonic(), answer.status_code, body, told))
