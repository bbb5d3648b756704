"""A fixed share of a core for a process, by the kernel's own quota (cgroup v2 `cpu.max`, v1 `cpu.cfs_quota_us`).

So how throughput follows the number of workers can be seen on a machine that has fewer cores than there are workers.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOTS = Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup")
"""Of the two versions. One group below is made for each process, which root may do, or whoever it is given to."""

PERIOD_US = 10_000
"""Short, so that a process that has used its share waits some milliseconds and not a tenth of a second."""


class NoQuota(Exception):
    """Processes cannot be given a share here. Its text says why."""


@contextmanager
def limited(pid: int, cores: float) -> Iterator[None]:
    """The process ``pid`` has at most ``cores`` of a core.

    Raises:
        NoQuota: this machine, or who runs this, cannot.
    """
    group = _root() / f"bench-{pid}"
    try:
        group.mkdir()
    except OSError as error:
        raise NoQuota(f"no group can be made below {group.parent}: {error.strerror}") from error
    try:
        _limit(group, round(cores * PERIOD_US))
        (group / "cgroup.procs").write_text(str(pid))
        yield
    except OSError as error:
        raise NoQuota(f"{group}: {error.strerror}") from error
    finally:
        _leave(pid, group)


def _root() -> Path:
    for root in ROOTS:
        if (root / "cgroup.procs").exists():
            return root
    raise NoQuota("no control groups are mounted at /sys/fs/cgroup")


def _limit(group: Path, quota_us: int) -> None:
    if (group / "cpu.max").exists():
        (group / "cpu.max").write_text(f"{quota_us} {PERIOD_US}")
        return
    (group / "cpu.cfs_period_us").write_text(str(PERIOD_US))
    (group / "cpu.cfs_quota_us").write_text(str(quota_us))


def _leave(pid: int, group: Path) -> None:
    if Path(f"/proc/{pid}").exists():
        (group.parent / "cgroup.procs").write_text(str(pid))
    group.rmdir()  # a group's files are the kernel's, and go with it
