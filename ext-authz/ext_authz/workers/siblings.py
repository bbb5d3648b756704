"""Telling the other workers, and asking them."""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from ext_authz.workers.channel import Channel
from ext_authz.workers.relay import ANSWER_SECONDS

Listener = Callable[[Any], None]
Answerer = Callable[[], Any]


class Siblings(Protocol):
    """The other processes of this authorizer. Data is what JSON can say."""

    def tell(self, topic: str, data: Any, *, kept: bool = False) -> None:
        """All others hear it; with ``kept`` also those that are started within the next minute."""
        ...

    async def ask(self, topic: str) -> list[Any]:
        """The answers of those that answer in time."""
        ...

    def listen(self, topic: str, listener: Listener) -> None: ...

    def answer(self, topic: str, answerer: Answerer) -> None: ...

    def ready(self) -> None:
        """Requests are served from now on."""
        ...


class NoSiblings:
    """A process on its own."""

    def tell(self, topic: str, data: Any, *, kept: bool = False) -> None: ...

    async def ask(self, topic: str) -> list[Any]:  # noqa: ARG002 - nobody is there to be asked
        return []

    def listen(self, topic: str, listener: Listener) -> None: ...

    def answer(self, topic: str, answerer: Answerer) -> None: ...

    def ready(self) -> None: ...


class OtherWorkers:
    """``Siblings`` over the channel to the pool."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._listeners: dict[str, Listener] = {}
        self._answerers: dict[str, Answerer] = {}
        self._waiting: dict[int, asyncio.Future[list[Any]]] = {}
        self._questions = 0

    def tell(self, topic: str, data: Any, *, kept: bool = False) -> None:
        self._channel.send({"kind": "tell", "topic": topic, "data": data, "kept": kept})

    async def ask(self, topic: str) -> list[Any]:
        self._questions += 1
        question = self._questions
        self._waiting[question] = asyncio.get_running_loop().create_future()
        self._channel.send({"kind": "ask", "question": question, "topic": topic})
        try:
            async with asyncio.timeout(2 * ANSWER_SECONDS):
                return await self._waiting[question]
        except TimeoutError:
            return []
        finally:
            del self._waiting[question]

    def listen(self, topic: str, listener: Listener) -> None:
        self._listeners[topic] = listener

    def answer(self, topic: str, answerer: Answerer) -> None:
        self._answerers[topic] = answerer

    def ready(self) -> None:
        self._channel.send({"kind": "ready"})

    async def run(self) -> None:
        """Hear the others until the pool is gone."""
        async for message in self._channel.messages():
            match message["kind"]:
                case "tell" if listener := self._listeners.get(message["topic"]):
                    listener(message["data"])
                case "ask" if answerer := self._answerers.get(message["topic"]):
                    answer = {"kind": "answer", "question": message["question"], "data": answerer()}
                    self._channel.send(answer)
                case "answers" if waiting := self._waiting.get(message["question"]):
                    if not waiting.done():
                        waiting.set_result(message["data"])
