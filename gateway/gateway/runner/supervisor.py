"""Runs all components of a stack: together up, together down, each kept alive in between."""

import asyncio
import time
from pathlib import Path

from gateway.runner.board import Board
from gateway.runner.component import Stack
from gateway.runner.errors import GatewayError, Interrupted, StartFailed
from gateway.runner.keeper import Keeper
from gateway.runner.logs import bound, log_path
from gateway.runner.probing import ask
from gateway.runner.process import Running, kill_session
from gateway.runner.state import Phase, Stage

STOP_BOUND = 15.0
HEAD_START = 2.0
BETWEEN_SIGNALS = 0.1
FRONT_DOOR_DEADLINE = 90.0
FRONT_DOOR_EVERY = 0.1
BOUND_LOGS_EVERY = 60.0
RESTART_DEADLINE = 30.0


class StopRequest:
    """What the user wants: `asked` after the first Ctrl-C or SIGTERM, `at_once` after the second."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.at_once = asyncio.Event()

    def signal(self) -> None:
        """One more signal."""
        (self.at_once if self.asked.is_set() else self.asked).set()


class Supervisor:
    """Keeps the components of one stack."""

    def __init__(self, stack: Stack, board: Board, *, logs: Path) -> None:
        self._keepers = [Keeper(component, board, logs) for component in stack.components]
        self._board = board
        self._logs = logs
        self._stack = stack
        self._reload_asked = asyncio.Event()

    def ask_reload(self) -> None:
        """Take changed files up, once all is ready."""
        self._reload_asked.set()

    async def run(self, stop: StopRequest) -> None:
        """Returns after a stop that was asked for, with nothing left running.

        Raises:
            GatewayError: the start failed or was interrupted; nothing is left running then either.
        """
        tasks = [asyncio.create_task(keeper.run(), name=keeper.component.name) for keeper in self._keepers]
        try:
            await self._until_all_ready(tasks, stop)
            self._board.phase(Phase.READY, "all is ready")
            await self._until_stop_or_error(tasks, stop)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._stop_all(stop)

    async def _until_all_ready(self, tasks: list[asyncio.Task[None]], stop: StopRequest) -> None:
        becoming_ready = asyncio.create_task(self._all_ready())
        asked = asyncio.create_task(stop.asked.wait())
        try:
            await asyncio.wait([*tasks, becoming_ready, asked], return_when=asyncio.FIRST_COMPLETED)
            _raise_first_error(tasks)
            if asked.done():
                raise Interrupted("stopped before all was ready")
            await becoming_ready
        finally:
            becoming_ready.cancel()
            asked.cancel()
            await asyncio.gather(becoming_ready, asked, return_exceptions=True)

    async def _all_ready(self) -> None:
        await asyncio.gather(*(keeper.ready_once.wait() for keeper in self._keepers))
        deadline = time.monotonic() + FRONT_DOOR_DEADLINE
        for door in self._stack.front_doors:
            self._board.say(f"waiting for {door.url}")
            while answer := await ask(door):
                if time.monotonic() > deadline:
                    raise StartFailed(
                        f"every component is up, but {door.url} did not answer 200 within "
                        f"{FRONT_DOOR_DEADLINE:.0f} s: {answer}"
                    )
                await asyncio.sleep(FRONT_DOOR_EVERY)

    async def _until_stop_or_error(self, tasks: list[asyncio.Task[None]], stop: StopRequest) -> None:
        asked = asyncio.create_task(stop.asked.wait())
        reloading = asyncio.create_task(self._reload_when_asked(), name="reload")
        chore = asyncio.create_task(self._chore(), name="chore")
        try:
            while not asked.done():
                bound(log_path(self._logs, "supervisor"))
                await asyncio.wait(
                    [*tasks, reloading, asked], return_when=asyncio.FIRST_COMPLETED, timeout=BOUND_LOGS_EVERY
                )
                _raise_first_error([*tasks, reloading])
        finally:
            reloading.cancel()
            chore.cancel()
            await asyncio.gather(reloading, chore, return_exceptions=True)

    async def _chore(self) -> None:
        if self._stack.chore:
            await self._stack.chore(self._board.say)

    async def _reload_when_asked(self) -> None:
        while True:
            await self._reload_asked.wait()
            self._reload_asked.clear()
            self._board.say("taking the changed files up")
            try:
                await self._reload()
            except GatewayError as error:  # what runs goes on as it was
                self._board.reloaded(error.sentence)
            except TimeoutError:
                self._board.reloaded(f"the gateway was not ready {RESTART_DEADLINE:.0f} s after it took the files up")
            else:
                self._board.reloaded()

    async def _reload(self) -> None:
        if self._stack.reload:
            await self._stack.reload(self._board.say)
        for keeper in self._keepers:
            if keeper.component.name in self._stack.restarted:
                await keeper.restart(RESTART_DEADLINE)

    async def _stop_all(self, stop: StopRequest) -> None:
        """SIGTERM in reverse order with a head start each, so that the front closes before the back; then SIGKILL.

        Those behind get it twice: the first asks them to serve on until the front has noticed, which is gone.
        """
        deadline = time.monotonic() + STOP_BOUND
        self._board.phase(Phase.STOPPING, "stopping")
        front, *behind = reversed(self._keepers)
        if process := front.process:
            process.terminate()
            await _gone(process, HEAD_START, stop)
        for keeper in behind:
            if process := keeper.process:
                process.terminate()
                await _gone(process, BETWEEN_SIGNALS, stop)
                process.terminate()
                await _gone(process, HEAD_START, stop)
        for keeper in reversed(self._keepers):
            if process := keeper.process:
                await _gone(process, max(0.0, deadline - time.monotonic()), stop)
                process.kill()
                await process.wait()
                kill_session(process.pid)
            failed = self._board.component(keeper.component.name).stage is Stage.FAILED
            if not failed:
                self._board.stage(keeper.component.name, Stage.STOPPED)


async def _gone(process: Running, at_most: float, stop: StopRequest) -> None:
    """Waits for its end, at most `at_most` seconds and not past the user's second Ctrl-C."""
    waiting = [asyncio.create_task(process.wait(at_most)), asyncio.create_task(stop.at_once.wait())]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


def _raise_first_error(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        if task.done() and (error := task.exception()):
            raise error if isinstance(error, GatewayError) else StartFailed(f"{task.get_name()}: {error}") from error
