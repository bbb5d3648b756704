"""What of an introspection's CPU in the authorizer is python-keycloak's."""

import subprocess
import sys
from dataclasses import asdict
from typing import Any

from bench.figures import Spread
from bench.lab import Lab
from bench.progress import say
from bench.standin import standin_keycloak
from bench.tools import ROOT

CALLS = 5000
DEADLINE_SECONDS = 120


def measure(lab: Lab) -> dict[str, Any]:
    """Microseconds of CPU a call: the client by itself, and the library's share of that, round by round."""
    whole, library = [], []
    with standin_keycloak(lab) as keycloak:
        for _ in range(lab.plan.rounds):
            through, without = _asked(keycloak.url)
            whole.append(through)
            library.append(through - without)
    found = {"cpu_us": asdict(Spread.of(whole)), "library_us": asdict(Spread.of(library))}
    say(f"  the client alone: {found['cpu_us']['median']:.0f} µs, python-keycloak {found['library_us']['median']:.0f}")
    return found


def _asked(url: str) -> tuple[float, float]:
    command = [sys.executable, "-m", "bench.introspection_client", url, str(CALLS)]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE_SECONDS, check=True)
    through, without = (float(line) for line in said.stdout.split())
    return through, without
