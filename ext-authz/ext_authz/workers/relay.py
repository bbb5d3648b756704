"""Passes on what one worker tells or asks the others. Knows nothing of what it is about.

A worker that is started later is told what was told in the last minute: it may be asked about a session whose end
Keycloak has announced and not committed yet.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from ext_authz.workers.channel import Channel, Message

KEPT_SECONDS = 60.0
MOST_KEPT = 10_000
ANSWER_SECONDS = 1.0
"""How long a question waits for workers that do not answer: one that hangs must not hide the others."""


class Relay:
    """In the pool's process. Messages are ``{"kind": "tell" | "ask" | "answer", …}``."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._channels: dict[int, Channel] = {}
        self._told: deque[tuple[float, Message]] = deque(maxlen=MOST_KEPT)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._questions = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def join(self, number: int, channel: Channel) -> None:
        """A worker of this number is there from now on."""
        self._channels[number] = channel
        for at, message in self._told:
            if self._clock() - at < KEPT_SECONDS:
                channel.send(message)

    def leave(self, number: int) -> None:
        """It is gone."""
        if channel := self._channels.pop(number, None):
            channel.close()

    def heard(self, number: int, message: Message) -> None:
        """What the worker of this number said."""
        match message["kind"]:
            case "tell":
                self._tell(number, message)
            case "ask":
                task = asyncio.create_task(self._ask(number, message))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            case "answer" if waiting := self._waiting.get(message["question"]):
                if not waiting.done():
                    waiting.set_result(message["data"])

    def _tell(self, number: int, message: Message) -> None:
        if message.get("kept"):
            self._told.append((self._clock(), message))
        for channel in self._others(number):
            channel.send(message)

    async def _ask(self, number: int, message: Message) -> None:
        answers = await asyncio.gather(*(self._answer(channel, message["topic"]) for channel in self._others(number)))
        if asker := self._channels.get(number):
            found = [answer for answer in answers if answer is not None]
            asker.send({"kind": "answers", "question": message["question"], "data": found})

    async def _answer(self, channel: Channel, topic: str) -> Any:
        self._questions += 1
        question = self._questions
        self._waiting[question] = asyncio.get_running_loop().create_future()
        channel.send({"kind": "ask", "question": question, "topic": topic})
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._waiting[question]
        except TimeoutError:
            return None
        finally:
            del self._waiting[question]

    def _others(self, number: int) -> list[Channel]:
        return [channel for other, channel in self._channels.items() if other != number]
