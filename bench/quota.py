"""A fixed share of a core for a process, by the kernel's own quota (cgroup v2 `cpu.max`, v1 `cpu.cfs_quota_us`).

So how throughput follows the number of workers can be seen on a machine that has fewer cores than there are workers.
"""

import contextlib
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
    home = _group_of(pid, group.parent)
    try:
        group.mkdir()
        try:
            _limit(group, round(cores * PERIOD_US))
            (group / "cgroup.procs").write_text(str(pid))
        except OSError:
            group.rmdir()
            raise
    except OSError as error:
        raise NoQuota(f"{group}: {error.strerror}") from error
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # it has ended, and left the group by that
            (home / "cgroup.procs").write_text(str(pid))
        group.rmdir()  # a group's files are the kernel's, and go with it


def _group_of(pid: int, root: Path) -> Path:
    """Where the process is now, and is put back."""
    controllers = {"", "cpu", "cpu,cpuacct"}  # "" is version 2
    try:
        lines = Path(f"/proc/{pid}/cgroup").read_text(encoding="ascii").splitlines()
    except OSError as error:
        raise NoQuota(f"process {pid}: {error.strerror}") from error
    paths = {kind: path for _, kind, path in (line.split(":", 2) for line in lines) if kind in controllers}
    path = next((paths[kind] for kind in ("cpu", "cpu,cpuacct", "") if kind in paths), "/")
    return root / path.lstrip("/")


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
