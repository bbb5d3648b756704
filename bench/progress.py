"""What is said on the way, apart from the tables on standard output."""

import sys


def say(line: str) -> None:
    """For whoever waits."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
