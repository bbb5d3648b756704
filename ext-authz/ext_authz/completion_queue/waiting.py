"""A call on the event loop: for what has to wait, and for methods that are written for grpc.aio."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NoReturn

import grpc

from ext_authz.completion_queue.core import OK, Call, Tag, message


class Ended(Exception):
    """The method ended the call itself, with this status."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        super().__init__(details)
        self.code = code
        self.details = details


class WaitingCall:
    """To methods what ``grpc.aio.ServicerContext`` is, as far as those that are served here use it."""

    def __init__(self, call: Call, loop: asyncio.AbstractEventLoop, serialize: Callable[[Any], bytes]) -> None:
        self._call = call
        self._loop = loop
        self._serialize = serialize
        self._has_sent = False
        self._code, self._details = OK, ""
        self._task: asyncio.Task[None] | None = None

    async def requests(self, deserialize: Callable[[bytes], Any]) -> AsyncIterator[Any]:
        """What the other side sends, until it has said all."""
        while (received := message(await self._done(self._call.receive))) is not None:
            yield deserialize(received)

    async def write(self, answer: Any) -> None:
        """One answer of several."""
        serialized = self._serialize(answer)
        is_first, self._has_sent = not self._has_sent, True
        await self._done(lambda tag: self._call.send(serialized, tag, is_first=is_first))

    def set_code(self, code: grpc.StatusCode) -> None:
        self._code = code

    def set_details(self, details: str) -> None:
        self._details = details

    async def abort(self, code: grpc.StatusCode, details: str = "") -> NoReturn:
        raise Ended(code, details)

    def begin(self, method: "Method", request: bytes | None) -> "asyncio.Task[None]":
        """From the request to the status. The task raises what ``method`` raised without a status of its own."""
        self._task = self._loop.create_task(self._run(method, request))
        return self._task

    def give_up(self) -> None:
        """Nobody waits for the answer any more."""
        if self._task is not None:
            self._task.cancel()

    def serialized(self, answer: Any) -> bytes:
        return self._serialize(answer)

    async def _run(self, method: "Method", request: bytes | None) -> None:
        try:
            answer = await method(request, self)
        except Ended as ended:
            self._finish(None, ended.code, ended.details)
        except Exception:
            self._finish(None, grpc.StatusCode.UNKNOWN if self._code is OK else self._code, self._details)
            if self._code is OK:
                raise
        else:
            self._finish(answer, self._code, self._details)

    def _finish(self, answer: bytes | None, code: grpc.StatusCode, details: str) -> None:
        self._call.finish(answer, code, details, is_first=not self._has_sent)

    async def _done(self, start: Callable[[Tag], None]) -> Any:
        """The event of the batch that ``start`` starts with the tag that it is given."""
        future: asyncio.Future[Any] = self._loop.create_future()
        start(lambda event: self._loop.call_soon_threadsafe(_set, future, event))
        return await future


Method = Callable[[bytes | None, WaitingCall], Awaitable[bytes | None]]
"""Given the one request, or None where there are several, and the call; returns the one answer, or None."""


def method_of(handler: Any) -> Method:
    """What ``handler``, a ``grpc.RpcMethodHandler`` as of grpc.aio, does with a call.

    Raises:
        TypeError: it is of a kind that none here is.
    """
    read = handler.request_deserializer
    if handler.stream_stream is not None:
        return lambda _, call: _written(handler.stream_stream(call.requests(read), call), call)
    if handler.unary_stream is not None:
        return lambda request, call: _written(handler.unary_stream(read(request), call), call)
    if handler.unary_unary is not None:
        return lambda request, call: _answered(handler.unary_unary, read(request), call)
    raise TypeError("a stream of requests with one answer is not served here")


async def _answered(behaviour: Callable[[Any, WaitingCall], Any], request: Any, call: WaitingCall) -> bytes:
    answer = behaviour(request, call)
    return call.serialized(await answer if inspect.isawaitable(answer) else answer)


async def _written(answers: Any, call: WaitingCall) -> None:
    if inspect.isawaitable(answers):  # it writes to the call itself, as Health.Watch does
        await answers
        return
    async for answer in answers:
        await call.write(answer)


def _set(future: "asyncio.Future[Any]", event: Any) -> None:
    if not future.done():  # whoever waited may be gone
        future.set_result(event)
