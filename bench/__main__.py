"""``python -m bench``: measures everything, writes bench/results/latest.json, the pictures and the papers' tables."""

import argparse
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

from bench import papers, pictures, results
from bench.interleave import say
from bench.lab import Lab, lab
from bench.measure import MEASUREMENTS
from bench.plan import FULL, SHORT
from bench.tools import NotAvailable, require_wrk


def main(arguments: list[str] | None = None) -> int:
    """Exit code 1 where a measurement did not complete or is not plausible; never for a slow figure."""
    asked = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that what was started is ended
    try:
        require_wrk()
    except NotAvailable as error:
        sys.stderr.write(f"bench: {error}\n")
        return 1
    wanted = [name for name in MEASUREMENTS if not asked.only or name in asked.only]
    plan = SHORT if asked.short else FULL
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, lab(Path(folder), plan) as it:
        complete = [_measured(name, it, writes=not asked.short) for name in wanted]
    return 0 if all(complete) else 1


def _measured(name: str, it: Lab, *, writes: bool) -> bool:
    """Whether the measurement completed; what one found is kept whatever becomes of the next."""
    begun = time.monotonic()
    say(f"{name} ...")
    try:
        measured = MEASUREMENTS[name](it)
    except Exception:  # noqa: BLE001 - of any kind: it is shown, and the run fails
        say(f"{name} did not complete:\n{traceback.format_exc()}")
        return False
    say(f"{name}: {time.monotonic() - begun:.0f} s")
    found = results.merged({name: measured}, it.plan)
    sys.stdout.write(papers.as_text({name: found[name]}, only=name))
    if writes:  # a figure of one round belongs in no paper
        results.write(found)
        pictures.draw(found)
        papers.write(found)
    return True


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--short", action="store_true", help="one round, no other people's programs, nothing written")
    parser.add_argument("--only", nargs="+", choices=sorted(MEASUREMENTS), help="some of it; the rest stays as it was")
    return parser


if __name__ == "__main__":
    sys.exit(main())
