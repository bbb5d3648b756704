"""A lock between processes, which the kernel opens when its holder ends, however that ends (flock(2))."""

import asyncio
import contextlib
import fcntl
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

POLL_EVERY = 0.2


class Locked(Exception):
    """Another process holds the lock."""


@contextlib.contextmanager
def hold(path: Path) -> Iterator[None]:
    """Holds the lock at `path`.

    Raises:
        Locked: another process has it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Locked(str(path)) from error
        yield


@contextlib.asynccontextmanager
async def hold_when_free(
    path: Path, *, deadline: float, while_waiting: Callable[[], None] = lambda: None
) -> AsyncIterator[None]:
    """Holds the lock at `path`, waiting for it at most `deadline` seconds; says so if it has to wait.

    Raises:
        Locked: it was not free in time.
    """
    last = time.monotonic() + deadline
    with contextlib.ExitStack() as stack:
        while True:
            try:
                stack.enter_context(hold(path))
                break
            except Locked:
                if time.monotonic() > last:
                    raise
                while_waiting()
                await asyncio.sleep(POLL_EVERY)
        yield
