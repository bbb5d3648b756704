"""An open loop of ``vegeta``: so many requests a second, whether or not answers come, so that waiting is not hidden."""

import csv
import io
import subprocess
from pathlib import Path

from bench.load import Implausible, Target
from bench.tools import vegeta

GRACE_SECONDS = 60
NANOSECONDS_A_MILLISECOND = 1e6
CODE, LATENCY = 1, 2
"""Columns of ``vegeta encode --to csv``: time stamp, status, nanoseconds …"""


def latencies(target: Target, rate: int, seconds: float, folder: Path) -> list[float]:
    """Milliseconds from when each request was due.

    Raises:
        Implausible: an answer was not 200.
    """
    program = str(vegeta())
    options = [f"-rate={rate}/s", f"-duration={seconds}s", f"-connections={target.connections}", "-timeout=10s"]
    attack = subprocess.run(
        [program, "attack", *options, f"-targets={_targets(target, folder)}", "-format=http"],
        capture_output=True,
        timeout=seconds + GRACE_SECONDS,
        check=True,
    )
    encoded = subprocess.run([program, "encode", "-to=csv"], input=attack.stdout, capture_output=True, check=True)
    rows = list(csv.reader(io.StringIO(encoded.stdout.decode())))
    failed = [row[CODE] for row in rows if row[CODE] != "200"]
    if failed or not rows:
        raise Implausible(f"{target.url}: {len(failed)} of {len(rows)} failed, the first with {failed[:1]}")
    return [int(row[LATENCY]) / NANOSECONDS_A_MILLISECOND for row in rows]


def _targets(target: Target, folder: Path) -> Path:
    lines = []
    for token in target.tokens.read_text(encoding="ascii").split():
        headers = ["Content-Type: application/json", f"Authorization: Bearer {token}", f"@{target.body}"]
        lines.append("\n".join([f"POST {target.url}", *headers]))
    file = folder / "vegeta.targets"
    file.write_text("\n\n".join(lines) + "\n", encoding="ascii")
    return file
