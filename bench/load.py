"""A closed loop of ``wrk``: so many connections, each sending its next request when it has its answer."""

import json
import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.cpu import Pids, cpu_of, since
from bench.plan import CONNECTIONS

SCRIPT = Path(__file__).parent / "scripts" / "post.lua"
GRACE_SECONDS = 60
PATIENT_SECONDS = 10
"""Where a whole run was too short for a single answer: a slow program, a large body, a busy machine."""


SETTLE_SECONDS, POLL_SECONDS = 10.0, 0.1
IDLE = 0.2
"""Of a core; CPU is counted in hundredths of a second."""

FAILURES = ("refused", "broken", "late")
"""As the script counts them: no success, no whole answer, an answer after its time."""


class Implausible(Exception):
    """A measurement in which something failed: no figure comes of it."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked, and which processes work for it. ``tokens`` are used in turn.

    ``longer``: so many times as long as others, where each answer takes so long that few would be counted.
    """

    url: str
    tokens: Path
    body: Path
    pids: Pids
    connections: int = CONNECTIONS
    headers: str = ""
    longer: float = 1


@dataclass(frozen=True, slots=True)
class Sample:
    """One timed run. ``cpu_us`` is microseconds of CPU a request, by process; latencies are milliseconds."""

    requests: int
    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: dict[str, float]

    @property
    def cpu_us_total(self) -> float:
        return sum(self.cpu_us.values())


def run(target: Target, seconds: float) -> Sample:
    """Load for ``seconds``; for longer where nothing was answered in them.

    Raises:
        Implausible: an answer was not a success, or a connection broke.
    """
    said, used = _timed(target, seconds)
    if not any(said[name] for name in ("requests", *FAILURES)) and seconds < PATIENT_SECONDS:
        said, used = _timed(target, PATIENT_SECONDS)
    failed = {name: said[name] for name in FAILURES if said[name]}
    if failed or not said["requests"]:
        raise Implausible(f"{target.url}: {failed or 'no request was answered'} of {said['requests']}")
    return Sample(
        requests=said["requests"],
        per_second=said["requests"] / (said["microseconds"] / 1e6),
        p50_ms=said["p50"] / 1000,
        p99_ms=said["p99"] / 1000,
        cpu_us={name: value / said["requests"] * 1e6 for name, value in used.items()},
    )


def _timed(target: Target, seconds: float) -> tuple[dict[str, int], dict[str, float]]:
    before = cpu_of(target.pids)
    said = _wrk(target, seconds)
    used = since(before, target.pids)
    _settle(target.pids)
    return said, used


def _settle(pids: Pids) -> None:
    """Requests whose sender has gone are still worked on, by slow programs for seconds: not beside what comes next."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < deadline:
        before = cpu_of(pids)
        time.sleep(POLL_SECONDS)
        if sum(since(before, pids).values()) <= IDLE * POLL_SECONDS:
            return


def token_file(file: Path, tokens: Sequence[str]) -> Path:
    """The file that ``wrk`` takes its tokens from."""
    file.write_text("\n".join(tokens) + "\n", encoding="ascii")
    return file


def _wrk(target: Target, seconds: float) -> dict[str, int]:
    # wrk counts in whole seconds or more; a fraction is rounded up
    duration = f"{max(1, round(seconds))}s"
    command = [
        "wrk",
        "-t1",
        f"-c{target.connections}",
        f"-d{duration}",
        "--timeout",
        "30s",
        "-s",
        str(SCRIPT),
        target.url,
    ]
    variables = {
        "BENCH_TOKENS": str(target.tokens),
        "BENCH_BODY": str(target.body),
        "BENCH_HEADERS": target.headers,
    }
    done = subprocess.run(
        command,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=seconds + GRACE_SECONDS,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("SUMMARY ")]
    if done.returncode or not lines:
        raise Implausible(f"wrk ended with {done.returncode}: {done.stderr or done.stdout}")
    summary: dict[str, int] = json.loads(lines[0].removeprefix("SUMMARY "))
    return summary
