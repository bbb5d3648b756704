"""Log files of components: appended to by the component itself, bounded by the runner."""

import shutil
from collections import deque
from pathlib import Path

LARGEST = 10 * 1024 * 1024
TAIL_LINES = 20


def log_path(logs: Path, name: str) -> Path:
    """Where a component's output goes."""
    return logs / f"{name}.log"


def bound(path: Path, *, largest: int = LARGEST) -> None:
    """Keeps a log at `largest` bytes and the one before it as `.log.1`.

    Copied and cut, not renamed: the component holds the file open in append mode, so it goes on writing at the new end.
    """
    if path.exists() and path.stat().st_size > largest:
        shutil.copyfile(path, path.with_suffix(".log.1"))
        with path.open("r+b") as log:
            log.truncate(0)


def tail(path: Path, *, after: int = 0, lines: int = TAIL_LINES) -> list[str]:
    """The last lines written after byte `after`; none where there is no such file."""
    try:
        with path.open("rb") as log:
            log.seek(min(after, path.stat().st_size))
            return [line.decode("utf-8", "replace").rstrip() for line in deque(log, maxlen=lines)]
    except FileNotFoundError:
        return []
