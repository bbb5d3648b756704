"""``python -m bench [PART ...]``: measures, and writes bench/results/latest.json, the pictures and the papers' tables.

After each part: what was found so far is kept. A part that is named replaces what was found of it before; the rest
stays. The short form does all the same, into a folder of its own that no paper shows.
"""

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from bench import results
from bench.lab import lab
from bench.measure import MEASUREMENTS
from bench.outlet import IN_THE_TREE, SHORT_OF
from bench.parts import Keeping, measured, summed_up
from bench.plan import FULL, SHORT
from bench.progress import say
from bench.settling import settle
from bench.tools import NotAvailable, require_wrk


def main(arguments: list[str] | None = None) -> int:
    """Exit code 1 where a measurement did not complete or is not plausible; never for a slow figure."""
    asked = _asked(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that what was started is ended
    try:
        require_wrk()
    except NotAvailable as error:
        sys.stderr.write(f"bench: {error}\n")
        return 1
    plan, outlet = (SHORT, SHORT_OF) if asked.short else (FULL, IN_THE_TREE)
    machine = results.machine()
    wanted = {name: part for name, part in MEASUREMENTS.items() if not asked.parts or name in asked.parts}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, lab(Path(folder), plan) as it:
        settle(it)
        ended = measured(wanted, it, Keeping(outlet.results, machine, outlet.show))
    say(f"{summed_up(ended)}\nbench: {outlet.results}")
    return 1 if any(ended.values()) else 0


def _asked(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__, allow_abbrev=False)
    parser.add_argument("--short", action="store_true", help="one round: that all of it works, not how fast it is")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"only these, of {', '.join(MEASUREMENTS)}")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.parts) - set(MEASUREMENTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(MEASUREMENTS)}")
    return asked


if __name__ == "__main__":
    sys.exit(main())
