"""``python -m bench``: measures everything, writes bench/results/latest.json, the pictures and the papers' tables."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from bench import papers, pictures, results
from bench.interleave import say
from bench.lab import lab
from bench.measure import MEASUREMENTS
from bench.plan import FULL, SHORT
from bench.tools import NotAvailable, require_wrk


def main(arguments: list[str] | None = None) -> int:
    """Exit code 1 where a measurement did not complete or is not plausible; never for a slow figure."""
    asked = _parser().parse_args(arguments)
    try:
        require_wrk()
    except NotAvailable as error:
        sys.stderr.write(f"bench: {error}\n")
        return 1
    wanted = {name: measure for name, measure in MEASUREMENTS.items() if not asked.only or name in asked.only}
    measured: results.Found = {}
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        lab(Path(folder), SHORT if asked.short else FULL) as it,
    ):
        for name, measure in wanted.items():
            begun = time.monotonic()
            say(f"{name} …")
            measured[name] = measure(it)
            say(f"{name}: {time.monotonic() - begun:.0f} s")
    return _finish(measured, asked.short)


def _finish(measured: results.Found, short: bool) -> int:
    found = results.merged(measured, short=short)
    sys.stdout.write(papers.as_text(found))
    if short:  # a figure of one round belongs in no paper
        return 0
    results.write(found)
    pictures.draw(found)
    papers.write(found)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--short", action="store_true", help="one round, no other people's programs, nothing written")
    parser.add_argument("--only", nargs="+", choices=sorted(MEASUREMENTS), help="some of it; the rest stays as it was")
    return parser


if __name__ == "__main__":
    sys.exit(main())
