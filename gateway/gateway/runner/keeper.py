"""Keeps one component alive: starts it, waits until it is ready, watches it, starts it again when it dies."""

import asyncio
import os
import time
from pathlib import Path

from gateway.runner.backoff import Backoff
from gateway.runner.board import Board
from gateway.runner.component import Component, Step
from gateway.runner.errors import GatewayError, StartFailed
from gateway.runner.inheriting import inherited
from gateway.runner.logs import bound, log_path, tail
from gateway.runner.probing import ask
from gateway.runner.process import Running, how_it_ended, kill_session, start
from gateway.runner.state import Stage

PROBE_EVERY = 0.1
WATCH_EVERY = 5.0


class Keeper:
    """One component's life. `run` returns only by cancellation or by failing its first start."""

    def __init__(self, component: Component, board: Board, logs: Path) -> None:
        self.component = component
        self.ready_once = asyncio.Event()
        self.process: Running | None = None
        self._board = board
        self._log = log_path(logs, component.name)
        self._backoff = Backoff()
        self._asked_to_restart = False
        self._ready_again = asyncio.Event()

    async def run(self) -> None:
        """Lives until cancelled.

        Raises:
            GatewayError: a step of its start failed, it died, or it was not ready in time, before it was ever ready.
        """
        await self._step(self.component.before_start)
        while True:
            ready_for = await self._live_once()
            if self._asked_to_restart:
                self._asked_to_restart = False
            else:
                await self._wait_before_restart(ready_for)

    async def restart(self, at_most: float) -> None:
        """Ends the process and returns when the next one is ready.

        Raises:
            TimeoutError: that took longer than `at_most` seconds; it is being tried still.
        """
        if self.process is None or self.process.ended:
            return  # it is being started again already, and reads its files then
        self._ready_again.clear()
        self._asked_to_restart = True
        self.process.terminate()
        async with asyncio.timeout(at_most):
            await self._ready_again.wait()

    async def _step(self, step: Step | None) -> None:
        if step:
            try:
                await step(lambda detail: self._say(Stage.STARTING, detail))
            except GatewayError as error:
                self._say(Stage.FAILED, error.sentence)
                raise

    async def _live_once(self) -> float:
        """One process from start to death; returns for how many seconds it was ready."""
        bound(self._log)
        self._say(Stage.STARTING, f"waiting for {self.component.ready.url}")
        process = await self._start()
        if not await self._until_ready(process):
            return 0.0
        if not self.ready_once.is_set():
            await self._step(self.component.after_ready)
            self.ready_once.set()
        self._say(Stage.READY)
        self._ready_again.set()
        since = time.monotonic()
        await self._watch(process)
        return time.monotonic() - since

    async def _start(self) -> Running:
        environment = inherited(os.environ) | dict(self.component.environment)
        starting = asyncio.create_task(
            start(self.component.argv, environment=environment, directory=self.component.directory, log=self._log)
        )
        try:
            self.process = await asyncio.shield(starting)
        except asyncio.CancelledError:
            self.process = await starting  # so that whoever cancelled this finds it, and stops it
            raise
        self._board.started(self.component.name, self.process.pid)
        return self.process

    async def _until_ready(self, process: Running) -> bool:
        """True once it is ready, False where it died on a later start."""
        deadline = time.monotonic() + self.component.start_deadline
        answer: str | None = "not asked yet"
        while time.monotonic() < deadline:
            if process.ended:
                self._first_start_fails(process, f"{self.component.name} {self._ending(process)} while starting")
                return False
            answer = await ask(self.component.ready)
            if answer is None and not process.ended:
                return True
            await process.wait(PROBE_EVERY)
        self._first_start_fails(
            process, f"{self.component.name} was not ready after {self.component.start_deadline:.0f} s ({answer})"
        )
        process.kill()
        await process.wait()
        return False

    def _first_start_fails(self, process: Running, sentence: str) -> None:
        if not self.ready_once.is_set():
            self._say(Stage.FAILED, sentence)
            raise StartFailed(f"{sentence}; its log is {self._log}", tail=tail(process.log, after=process.log_start))

    async def _watch(self, process: Running) -> None:
        """Returns when it died. One missed answer is forgiven: a busy machine misses one now and then."""
        missed = 0
        while not await process.wait(WATCH_EVERY):
            bound(self._log)
            answer = await ask(self.component.ready)
            missed = missed + 1 if answer else 0
            stage = Stage.UNHEALTHY if missed > 1 else Stage.READY
            if stage is not self._board.component(self.component.name).stage:
                self._say(stage, answer or "")

    async def _wait_before_restart(self, ready_for: float) -> None:
        self._backoff = self._backoff.after_death(ready_for)
        self._board.died(self.component.name)
        ending = self._ending(self.process) if self.process else "ended"
        self._say(Stage.RESTARTING, f"{ending}; starting it again in {self._backoff.wait:.1f} s (log: {self._log})")
        if self.process:
            kill_session(self.process.pid)
        await asyncio.sleep(self._backoff.wait)

    def _ending(self, process: Running) -> str:
        return how_it_ended(process.child.returncode)

    def _say(self, stage: Stage, detail: str = "") -> None:
        self._board.stage(self.component.name, stage, detail)
