"""What a process, and those that it started, cost: CPU time (/proc/PID/stat, in ticks of 10 ms) and resident memory."""

import contextlib
from collections.abc import Iterator, Mapping

import psutil

MEBIBYTE = 1024 * 1024
Pids = Mapping[str, int]
"""Processes by what they are to the reader: envoy, authorizer …"""


def cpu_seconds(pid: int) -> float:
    """User and system time of the process and of its living descendants. Raises where it is gone: it must not be."""
    return sum(times.user + times.system for times in (process.cpu_times() for process in _family(pid)))


def resident_mib(pid: int) -> float:
    """Resident memory of the process and its descendants. Pages that workers share are counted for each."""
    return sum(process.memory_info().rss for process in _family(pid)) / MEBIBYTE


def cpu_of(pids: Pids) -> dict[str, float]:
    """CPU seconds so far, by name."""
    return {name: cpu_seconds(pid) for name, pid in pids.items()}


def since(before: Mapping[str, float], pids: Pids) -> dict[str, float]:
    """CPU seconds since ``before``."""
    return {name: value - before[name] for name, value in cpu_of(pids).items()}


def _family(pid: int) -> Iterator[psutil.Process]:
    process = psutil.Process(pid)
    yield process
    for child in process.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # a short-lived helper that has just ended
            child.status()
            yield child
