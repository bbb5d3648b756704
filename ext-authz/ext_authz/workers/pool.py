"""The parent of several workers: ``python -m ext_authz`` becomes this where EXT_AUTHZ_WORKERS says more than one.

It holds the HTTP socket, so that its port is never without a listener, and otherwise does nothing for requests: each
worker has a gRPC port of its own, which Envoy checks and balances over. It imports little, for it only waits.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import time
from asyncio.subprocess import Process
from dataclasses import dataclass

from ext_authz.settings import Settings, SettingsError, load_settings
from ext_authz.workers.channel import Channel
from ext_authz.workers.relay import Relay
from ext_authz.workers.worker import as_variable

COMMAND = (sys.executable, "-m", "ext_authz")
STOP_SECONDS = 13.0
"""After a stop was asked for; container engines wait 15 s (docker-compose.yml) before they end everything."""

ENDING_SECONDS = 2.0
"""Between the end of a worker's channel and of its process."""

FIRST_WAIT = 0.2
LONGEST_WAIT = 10.0
WELL_AFTER = 30.0
"""A worker that served for so long is started again at once."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A worker that is gone; one with a ``reason`` was never there, for want of descriptors, processes or memory."""

    code: int
    reason: str | None = None


class CannotServe(Exception):
    """A worker ended before it served for the first time. It has said why; its text is of one that was never there."""

    def __init__(self, number: int, ended: Ended) -> None:
        super().__init__(f"worker {number} cannot be started: {ended.reason}" if ended.reason else "")
        self.code = ended.code


class Pool:
    """Workers 0 to ``count - 1``, kept alive until a stop is asked for."""

    def __init__(self, count: int, http: socket.socket) -> None:
        self._count = count
        self._http = http
        self._relay = Relay()
        self._running: dict[int, Process] = {}
        self._are_ready = [asyncio.Event() for _ in range(count)]
        self._is_stopping = asyncio.Event()

    async def run(self) -> None:
        """Until SIGTERM or SIGINT; each further one is passed on as well, for whoever does not want to wait.

        Raises:
            CannotServe: what one worker could not do when it was started, no other will.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._stop, number)
        keeping = [asyncio.create_task(self._keep(number)) for number in range(self._count)]
        stopping = asyncio.create_task(self._is_stopping.wait())
        telling = asyncio.create_task(self._tell_when_ready())
        try:
            await asyncio.wait([*keeping, stopping], return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not self._is_stopping.is_set():
                self._stop(signal.SIGINT)  # one of them cannot serve, and so nothing will be
            await asyncio.wait(keeping, timeout=STOP_SECONDS)  # what they tell one another is passed on to the end
            self._kill_all()
            telling.cancel()
            await asyncio.gather(*keeping, stopping, telling, return_exceptions=True)
        for task in keeping:
            task.result()

    async def _keep(self, number: int) -> None:
        wait = 0.0
        while not await self._stops_within(wait):
            started = time.monotonic()
            ended = await self._live(number)
            if self._is_stopping.is_set():
                return
            if not self._are_ready[number].is_set():
                raise CannotServe(number, ended)
            served_long = time.monotonic() - started >= WELL_AFTER
            wait = FIRST_WAIT if served_long or not wait else min(2 * wait, LONGEST_WAIT)
            event = "worker_not_started" if ended.reason else "worker_ended"
            again = {"starts_again_in_seconds": wait}
            _say(event, level="error", worker=number, code=ended.code, reason=ended.reason, **again)

    async def _stops_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._is_stopping.wait()
        except TimeoutError:
            return False

    async def _live(self, number: int) -> Ended:
        """One process, from its start to its end."""
        try:
            process, channel = await self._start(number)
        except (OSError, RuntimeError) as error:  # the latter where the thread that waits for its end cannot start
            return Ended(1, getattr(error, "strerror", None) or str(error))
        self._running[number] = process
        if self._is_stopping.is_set():
            process.terminate()
        self._relay.join(number, channel)
        async for message in channel.messages():
            if message["kind"] == "ready":
                self._are_ready[number].set()
            else:
                self._relay.heard(number, message)
        self._relay.leave(number)
        return Ended(await _exit_code(process))

    async def _start(self, number: int) -> tuple[Process, Channel]:
        ours, theirs = socket.socketpair()
        with theirs:
            channel = await Channel.over(ours)
            descriptors = (self._http.fileno(), theirs.fileno())
            try:
                process = await asyncio.create_subprocess_exec(
                    *COMMAND, env=os.environ | as_variable(number, *descriptors), pass_fds=descriptors
                )
            except BaseException:  # a descriptor lost with each attempt would make sure that none succeeds
                channel.close()
                raise
        return process, channel

    async def _tell_when_ready(self) -> None:
        for ready in self._are_ready:
            await ready.wait()
        _say("workers_ready", workers=self._count)

    def _stop(self, number: signal.Signals) -> None:
        self._is_stopping.set()
        for process in self._running.values():
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number)

    def _kill_all(self) -> None:
        for process in self._running.values():
            with contextlib.suppress(ProcessLookupError):
                process.kill()


async def _exit_code(process: Process) -> int:
    """The exit code of a worker whose channel has ended: it is ending, or must."""
    try:
        async with asyncio.timeout(ENDING_SECONDS):
            return await process.wait()
    except TimeoutError:  # without its channel it would not hear of ended sessions: it must not go on
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        return await process.wait()


def _say(event: str, *, level: str = "info", **members: object) -> None:
    # As the workers' lines (decision_log), without what those need to write theirs.
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    line = {**members, "event": event, "level": level, "service": "ext-authz", "time": now}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _listen(settings: Settings) -> socket.socket:
    host, _, port = settings.http_listen.rpartition(":")
    address = host.strip("[]")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.create_server((address, int(port)), family=family, backlog=128)


def main() -> int:
    """Exit codes as of a single process (``ext_authz.__main__``)."""
    try:
        settings = load_settings()
        http = _listen(settings)
    except SettingsError as error:
        sys.stderr.write(f"ext_authz: {error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"ext_authz: cannot start: HTTP_LISTEN: cannot be bound: {error.strerror}\n")
        return 1
    with http:
        try:
            asyncio.run(Pool(settings.ext_authz_workers, http).run())
        except CannotServe as error:
            if text := str(error):
                sys.stderr.write(f"ext_authz: cannot start: {text}\n")
            return error.code
    return 0


if __name__ == "__main__":
    sys.exit(main())
