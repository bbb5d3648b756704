"""Starts the programs that are measured, waits until they serve, and ends them."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import httpx

READY_SECONDS = 60.0
END_SECONDS = 20.0
POLL_SECONDS = 0.05


class DidNotStart(Exception):
    """A program ended, or did not serve in time. Its text has the end of its log."""


@dataclass(frozen=True, slots=True)
class Started:
    """``seconds`` from the start of the process until it served."""

    pid: int
    seconds: float
    log: Path


@contextmanager
def started(
    command: Sequence[object],
    log: Path,
    is_ready: Callable[[], bool],
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    deadline: float = READY_SECONDS,
) -> Iterator[Started]:
    """A program that serves; ended at the end.

    Raises:
        DidNotStart: it ended or was not ready within ``deadline`` seconds.
    """
    variables = {**os.environ, **(environment or {})}
    argv = [str(part) for part in command]
    begun = time.monotonic()
    with log.open("ab") as output:
        process = subprocess.Popen(argv, stdout=output, stderr=output, env=variables, cwd=folder)
    try:
        _await(process, is_ready, log, deadline)
        yield Started(process.pid, time.monotonic() - begun, log)
    finally:
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def answers(url: str, *statuses: int) -> Callable[[], bool]:
    """Whether a GET of ``url`` is answered, with one of ``statuses`` where some are named."""

    def is_ready() -> bool:
        try:
            status = _asking().get(url).status_code
        except httpx.HTTPError:
            return False
        return not statuses or status in statuses

    return is_ready


def listens(port: int) -> Callable[[], bool]:
    """Whether something takes connections on ``port`` of loopback."""

    def is_ready() -> bool:
        try:
            _asking().get(f"http://127.0.0.1:{port}/")
        except httpx.ConnectError:
            return False
        except httpx.HTTPError:
            return True  # it took the connection and speaks something else
        return True

    return is_ready


@cache
def _asking() -> httpx.Client:
    """One client for all polls of plain HTTP: a client made for each would load the CA bundle each time."""
    return httpx.Client(timeout=2, trust_env=False, verify=False)  # noqa: S501


def wait_until(condition: Callable[[], bool], what: str, seconds: float = READY_SECONDS) -> None:
    """Returns as soon as ``condition`` holds.

    Raises:
        TimeoutError: it did not within ``seconds``.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(POLL_SECONDS)


def _await(process: "subprocess.Popen[bytes]", is_ready: Callable[[], bool], log: Path, deadline: float) -> None:
    def ended_or_ready() -> bool:
        return process.poll() is not None or is_ready()

    try:
        wait_until(ended_or_ready, "ready", deadline)
    except TimeoutError as error:
        raise DidNotStart(_with_log(f"{process.args!r} was not ready", log)) from error
    if process.poll() is not None:
        raise DidNotStart(_with_log(f"{process.args!r} ended with {process.returncode}", log))


def _with_log(what: str, log: Path) -> str:
    return f"{what}\n{log.read_text(errors='replace')[-2000:]}"
