"""Resident memory of each process, and how long starts take."""

import json
import time
from functools import partial
from pathlib import Path
from typing import Any

from bench.behind import Behind, behind_a_door, remembering
from bench.cpu import resident_mib
from bench.figures import Spread
from bench.lab import Lab
from bench.load import Implausible
from bench.progress import say
from bench.standin import shaped_tokens
from bench.stolen import Undisturbed
from bench.warming import warm
from tests.support.stack import Stack, running_stack

CACHED = 10_000
SETTLED_SECONDS = 5
"""After a start: what only the imports needed is given back by then."""


def measure(lab: Lab) -> dict[str, Any]:
    """MiB by process, and seconds by kind of start."""
    undisturbed = Undisturbed(lab.plan.tries)
    made = f"memory read once, {lab.plan.starts} starts of each kind"
    return {"mib": _memory(lab), "starts": _starts(lab, undisturbed), "stolen": undisturbed.told(), "made": made}


def _memory(lab: Lab) -> dict[str, float]:
    found = {name: resident_mib(pid) for name, pid in lab.stack.pids().items()}
    cached = min(CACHED, lab.plan.most_tokens)
    with behind_a_door(lab, "memory", remembering(cached)) as bench:
        time.sleep(SETTLED_SECONDS)
        found["ext-authz, just started"] = resident_mib(bench.authorizer.process.pid)
        _fill(lab, bench, cached)
        found[f"ext-authz, {cached:,} cached tokens"] = resident_mib(bench.authorizer.process.pid)
    for name, mib in found.items():
        say(f"  {name}: {mib:.0f} MiB")
    return found


def _fill(lab: Lab, bench: Behind, count: int) -> None:
    (real,) = lab.tokens(1)
    warm(bench.url, shaped_tokens(real, count), lab.body())
    if (asked := bench.keycloak.asked()) < count:
        raise Implausible(f"{asked} introspections cannot have filled a cache with {count}")


def _starts(lab: Lab, undisturbed: Undisturbed) -> dict[str, dict[str, float]]:
    """A second start with Keycloak; and all but Keycloak, in front of the Keycloak that runs, as a second replica."""
    keycloak = f"http://127.0.0.1:{lab.stack.settings.keycloak_port}"
    replica = {"KEYCLOAK_URL": keycloak, "PUBLIC_URL": lab.stack.url}
    with running_stack(_folder(lab, "first")) as first:
        again = [undisturbed.take(partial(_restart, first)) for _ in range(lab.plan.starts)]
    with running_stack(_folder(lab, "replica"), **replica) as second:
        without = [undisturbed.take(partial(_restart, second)) for _ in range(lab.plan.starts)]
    starts = {"a second start, everything": again, "everything but Keycloak": without}
    for name, seconds in starts.items():
        say(f"  {name}: {', '.join(f'{one:.1f}' for one in seconds)} s")
    return {name: _spread(seconds) for name, seconds in starts.items()}


def _restart(stack: Stack) -> float:
    """Down, and up again: seconds until the command says that everything is ready."""
    down = stack.cli("down")
    begun = time.monotonic()
    up = stack.cli("up", "--detach")
    seconds = time.monotonic() - begun
    if down.returncode or up.returncode:
        raise Implausible(f"the gateway did not start again: {down.stderr}{up.stderr}")
    if not all(one["stage"] == "ready" for one in json.loads(stack.cli("status", "--json").stdout)["components"]):
        raise Implausible("a component is not ready after a start that said so")
    return seconds


def _spread(seconds: list[float]) -> dict[str, float]:
    spread = Spread.of(seconds)
    return {"minimum": spread.minimum, "median": spread.median, "maximum": spread.maximum}


def _folder(lab: Lab, name: str) -> Path:
    return lab.folder / f"start-{name}"
