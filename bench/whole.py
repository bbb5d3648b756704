"""That the authorizer which is measured is the whole one: it reads each body for its tool, counts, and writes a line.

A policy that asks for nothing, a log level or a metric that is off would make it faster, and the figure worthless.
"""

import time
from dataclasses import dataclass

from bench.burst import burst, calls
from bench.lab import Lab
from bench.load import Implausible

COUNTED = 'ext_authz_decisions_total{reason="allowed",resource="calculator"} '
LOGGED = '"resource": "calculator", "tool": "add", '
WRITTEN_SECONDS, POLL_SECONDS = 5.0, 0.1
"""Lines are written together, some milliseconds later."""

ATTEMPTS = 2
"""The runner cuts a log that is long; not twice in a row."""


@dataclass(frozen=True, slots=True)
class Traces:
    """What requests for ``add`` that were allowed have left at the gateway's authorizer so far."""

    counted: int
    logged: int


def require_whole(lab: Lab, url: str) -> None:
    """Raises Implausible where requests through ``url`` do not each leave their traces at the gateway's authorizer."""
    tokens = lab.tokens()
    for _ in range(ATTEMPTS):
        before = _traces(lab)
        statuses = burst(url, calls(tokens, lab.body())).statuses
        if statuses == {200: len(tokens)} and _left(lab, before, len(tokens)):
            return
    raise Implausible(f"{len(tokens)} requests were answered {statuses} and left {_traces(lab)} after {before}")


def read(metrics: str, log: str) -> Traces:
    """From the authorizer's own metrics and log."""
    counts = [line.removeprefix(COUNTED) for line in metrics.splitlines() if line.startswith(COUNTED)]
    return Traces(int(float(counts[0])) if counts else 0, log.count(LOGGED))


def _left(lab: Lab, before: Traces, requests: int) -> bool:
    wanted = Traces(before.counted + requests, before.logged + requests)
    deadline = time.monotonic() + WRITTEN_SECONDS
    while (now := _traces(lab)) != wanted and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    return now == wanted


def _traces(lab: Lab) -> Traces:
    return read(lab.stack.authorizer_metrics(), lab.stack.log("ext-authz"))
