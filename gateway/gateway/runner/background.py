"""Blocking work beside the event loop, which a Ctrl-C does not have to wait for."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

from gateway.runner.component import Say

Result = TypeVar("Result")


class Cancelled(Exception):
    """The work was told to stop."""


async def in_thread(work: Callable[[threading.Event], Result]) -> Result:
    """Runs `work` in a thread; its argument is set when the caller was cancelled.

    The thread is a daemon: `asyncio.to_thread` would keep the interpreter alive until a download had finished.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Result] = loop.create_future()
    cancelled = threading.Event()

    def run() -> None:
        try:
            result = work(cancelled)
        except BaseException as error:  # noqa: BLE001 - handed to whoever awaits it
            _hand_over(loop, done, error=error)
        else:
            _hand_over(loop, done, result=result)

    threading.Thread(target=run, daemon=True).start()
    try:
        return await done
    finally:
        cancelled.set()


def from_any_thread(say: Say) -> Say:
    """`say`, callable from a thread as well: it is called in the event loop that is running now."""
    loop = asyncio.get_running_loop()

    def speak(detail: str) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(say, detail)

    return speak


def _hand_over(
    loop: asyncio.AbstractEventLoop,
    done: "asyncio.Future[Result]",
    *,
    result: Result | None = None,
    error: BaseException | None = None,
) -> None:
    def settle() -> None:
        if not done.done():
            if error is None:
                done.set_result(result)  # type: ignore[arg-type]
            else:
                done.set_exception(error)

    if not loop.is_closed():
        loop.call_soon_threadsafe(settle)
