"""Fuzzes each target for a while, one after the other: ``make fuzz`` (README.md). Ends with 1 where one was broken."""

import argparse
import subprocess
import sys
from pathlib import Path

from tests.fuzz.targets import TARGETS, Target

WORK = Path(".gateway/fuzz")
DICTIONARY = Path(__file__).with_name("dictionary.txt")
MAX_BYTES = 4096
HANGS_SECONDS = 10  # one input; noisy machines pause for long
MEMORY_MB = 2048


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", choices=[[], *TARGETS], help="all, where none is named")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--seed", type=int, default=0, help="the same inputs in the same order; 0: others each time")
    arguments = parser.parse_args(argv)
    names = arguments.targets or list(TARGETS)
    broken = [name for name in names if not fuzz(name, TARGETS[name], arguments.seconds, arguments.seed)]
    if broken:
        print(f"broken: {', '.join(broken)}; the inputs are in {WORK / 'found'}")
        return 1
    print(f"{', '.join(names)}: nothing broken")
    return 0


def fuzz(name: str, target: Target, seconds: int, seed: int) -> bool:
    """Whether every input was withstood. What was learnt is kept for the next time."""
    corpus, found = WORK / "corpus" / name, WORK / "found"
    corpus.mkdir(parents=True, exist_ok=True)
    found.mkdir(parents=True, exist_ok=True)
    for file, data in target.seeds().items():
        (corpus / file).write_bytes(data)
    options = [f"-seed={seed}", f"-max_total_time={seconds}", f"-max_len={MAX_BYTES}", f"-timeout={HANGS_SECONDS}"]
    options += [f"-rss_limit_mb={MEMORY_MB}", f"-artifact_prefix={found}/{name}-", f"-dict={DICTIONARY}"]
    print(f"{name}: {len(target.seeds())} seeds, {seconds} s", flush=True)
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.one", name, str(corpus), "-print_final_stats=1", *options], check=False
    )
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
