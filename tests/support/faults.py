"""What was found while a fault lasted: one row of the table in docs/reliability.md for each."""

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.support.load import Load, steady_load, usual_mix
from tests.support.stack import Stack

BEFORE = 24
"""Answers waited for before anything happens: all is well, and what can be cached is."""


@dataclass(frozen=True)
class Row:
    """Counts are from the moment of the fault on. ``healed_s`` counts from ``since``; statuses are texts, for JSON."""

    fault: str
    what: str
    good: dict[str, int]
    refused: dict[str, int]
    unauthorized_allows: int
    healed_s: float
    since: str


@dataclass(frozen=True)
class Bound:
    """After ``event`` a request of ``client`` was let in ``last_s`` seconds later, of ``requests`` that were sent."""

    event: str
    client: str
    bound_s: float
    last_s: float
    requests: int


@dataclass(frozen=True)
class Memory:
    """MiB that a process held when its caches were full, and after ``tokens`` random tokens."""

    tokens: int
    full_mib: float
    after_mib: float


@dataclass
class Findings:
    rows: list[Row] = field(default_factory=list)
    bounds: list[Bound] = field(default_factory=list)
    memory: Memory | None = None

    def write(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        found = {
            "faults": [asdict(row) for row in self.rows],
            "revocation": [asdict(one) for one in self.bounds],
            "memory": asdict(self.memory) if self.memory else None,
        }
        file.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


@dataclass
class Strike:
    """One fault under load. Times are ``time.monotonic()``."""

    load: Load
    at: float = 0.0
    over_at: float | None = None

    def now(self) -> None:
        """It begins."""
        self.at = time.monotonic()

    def over(self) -> None:
        """What caused it is gone; from here on it must heal by itself."""
        self.over_at = time.monotonic()


def door(stack: Stack) -> str:
    """Where this gateway's own Envoy listens, whatever its public name."""
    return f"https://localhost:{stack.settings.https_port}"


@contextmanager
def struck(
    findings: Findings,
    gateway: Stack,
    tokens: Stack,
    fault: str,
    what: str,
    *,
    within_s: float = 30,
    keep_connections: bool = True,
    timeout_s: float = 15.0,
) -> Iterator[Strike]:
    """A steady load around a block that breaks something. Afterwards it heals, and nobody was let in meanwhile."""
    with steady_load(
        gateway.ca, door(gateway), usual_mix(tokens), keep_connections=keep_connections, timeout_s=timeout_s
    ) as load:
        load.await_count(BEFORE)
        load.await_good(within_s=20)
        strike = Strike(load)
        strike.now()
        yield strike
        load.await_good(within_s=within_s)
    since = strike.over_at or strike.at
    healed = max(0.0, load.healed_after(strike.at) - (since - strike.at))
    findings.rows.append(row_of(load, strike.at, fault, what, healed, "its end" if strike.over_at else "its start"))
    assert load.unauthorized_allows() == []


def row_of(load: Load, since: float, fault: str, what: str, healed_s: float, counted_from: str) -> Row:
    good, refused = Counter[str](), Counter[str]()
    for answer in load.answers:
        if answer.sent_at >= since:
            (good if answer.ask.may_pass else refused)[str(answer.status)] += 1
    allows = len(load.unauthorized_allows())
    return Row(fault, what, dict(good), dict(refused), allows, round(healed_s, 1), counted_from)


def statuses(load: Load, since: float, *, may_pass: bool) -> set[int]:
    """How requests sent since then were answered."""
    return {one.status for one in list(load.answers) if one.sent_at >= since and one.ask.may_pass is may_pass}


@contextmanager
def paused(pid: int) -> Iterator[None]:
    """SIGSTOP, and SIGCONT at the end."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def await_refusal(load: Load, since: float, *, within_s: float) -> None:
    """Returns once an authorized request that was sent after ``since`` was answered 503."""
    deadline = time.monotonic() + within_s
    while not any(answer.status == 503 for answer in load.good(since)):
        assert time.monotonic() < deadline, f"still served after {within_s} s: {load.mix(since)}"
        time.sleep(0.05)  # between two looks


def says_try_later(load: Load, since: float) -> None:
    """Every 503 is a JSON-RPC error with Retry-After, so that a client knows what to do (requirement R4)."""
    outages = [answer for answer in list(load.answers) if answer.sent_at >= since and answer.status == 503]
    assert outages
    for answer in outages:
        assert answer.headers.get("retry-after", "").isdecimal(), answer
        assert json.loads(answer.body)["error"]["code"] < 0
