"""The server: one thread that takes a call, judges who calls, reads, answers, and takes the next."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import grpc

from ext_authz.completion_queue.core import Call, CompletionQueue, message, was_cancelled
from ext_authz.completion_queue.waiting import Method, WaitingCall, method_of

TAKEN_AHEAD = 64
"""So many calls gRPC may hand over before it is told to hand over the next one."""


@dataclass(frozen=True, slots=True)
class AtOnce:
    """A method with one request and one answer that need not wait, as a rule.

    ``now`` is called in the server's thread with what ``read`` made of the bytes, and returns the answer's bytes; or
    None, and then ``later`` is called on the event loop.
    """

    read: Callable[[bytes], Any]
    now: Callable[[Any], bytes | None]
    later: Callable[[Any], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class _OnLoop:
    method: Method
    serialize: Callable[[Any], bytes]
    takes_several: bool


class QueueServer:
    """Answers whom ``admits`` lets in. Made on the event loop on which methods wait.

    ``failed`` is told, in any thread, of what a method raised; ``died`` is called on the event loop, should the thread
    ever end by itself.
    """

    def __init__(
        self,
        options: Sequence[tuple[str, Any]],
        admits: Callable[[Call], bool],
        failed: Callable[[BaseException], object],
        died: Callable[[], object],
    ) -> None:
        self._queue = CompletionQueue(options, self._tell)
        self._admits = admits
        self._failed = failed
        self._died = died
        self._methods: dict[bytes, AtOnce | _OnLoop] = {}
        self._loop = asyncio.get_running_loop()
        self.waiting: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._serve, name="grpc", daemon=True)
        self._is_shutting_down = False
        self._has_ended = asyncio.Event()

    def add_at_once(self, service: str, name: str, method: AtOnce) -> None:
        self._methods[f"/{service}/{name}".encode()] = method

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, Any]) -> None:
        """Called by the generated ``add_…Servicer_to_server``, for servicers that are written for grpc.aio."""
        for name, handler in handlers.items():
            serves = _OnLoop(method_of(handler), handler.response_serializer, handler.request_streaming)
            self._methods[f"/{service}/{name}".encode()] = serves

    def add_generic_rpc_handlers(self, _handlers: object) -> None:
        """Called by the same functions, for the same methods."""

    def listen(self, address: str, credentials: grpc.ServerCredentials) -> int:
        """Returns the port. Raises RuntimeError: the address (host:port) cannot be bound."""
        return self._queue.listen(address, credentials)

    def start(self) -> None:
        self._queue.start()
        self._queue.take_calls(self._called, TAKEN_AHEAD)
        self._thread.start()

    async def stop(self, grace_seconds: float) -> None:
        """Take nothing new. What is under way may go on for so long, and is cancelled then."""
        if not self._thread.ident:
            return  # it was never started
        if not self._is_shutting_down:
            self._is_shutting_down = True
            self._queue.shut_down()
        try:
            async with asyncio.timeout(grace_seconds):
                await self._has_ended.wait()
        except TimeoutError:
            if not self._has_ended.is_set():
                self._queue.cancel_all_calls()
            await self._has_ended.wait()
        self._thread.join()
        self._queue.close()
        for task in self.waiting:  # whose caller's end was not told any more
            task.cancel()
        await asyncio.gather(*self.waiting, return_exceptions=True)

    def _serve(self) -> None:
        try:
            self._queue.serve()
        except BaseException as error:  # noqa: BLE001 - a server that answers nobody must not look alive
            self._tell(error)
            self._loop.call_soon_threadsafe(self._died)
        finally:
            self._loop.call_soon_threadsafe(self._has_ended.set)

    def _called(self, call: Call, path: bytes) -> None:
        try:
            method = self._methods.get(path)
            if not self._admits(call):
                call.finish(None, grpc.StatusCode.PERMISSION_DENIED, "this certificate may not ask")
            elif method is None:
                call.finish(None, grpc.StatusCode.UNIMPLEMENTED, "no such method")
            elif isinstance(method, _OnLoop) and method.takes_several:
                self._wait(call, method, None)
            else:
                call.receive(partial(self._received, call, method))
        except Exception as error:  # noqa: BLE001 - whoever called must be answered, and the thread go on
            self._fail(call, error)

    def _received(self, call: Call, method: AtOnce | _OnLoop, event: Any) -> None:
        try:
            request = message(event)
            if request is None:
                call.finish(None, grpc.StatusCode.INTERNAL, "the call has no request")
            elif isinstance(method, _OnLoop):
                self._wait(call, method, request)
            else:
                read = method.read(request)
                answer = method.now(read)
                if answer is not None:
                    call.answer(answer)
                else:
                    self._wait(call, _OnLoop(lambda *_: method.later(read), bytes, takes_several=False), None)
        except Exception as error:  # noqa: BLE001 - as above
            self._fail(call, error)

    def _fail(self, call: Call, error: Exception) -> None:
        self._tell(error)
        with suppress(Exception):  # a call that cannot be answered any more ends with its last reference
            call.finish(None, grpc.StatusCode.INTERNAL, "the call could not be answered")

    def _tell(self, error: BaseException) -> None:
        with suppress(Exception):
            self._failed(error)

    def _wait(self, call: Call, method: _OnLoop, request: bytes | None) -> None:
        waiting = WaitingCall(call, self._loop, method.serialize)
        call.watch(lambda event: was_cancelled(event) and self._loop.call_soon_threadsafe(waiting.give_up))
        self._loop.call_soon_threadsafe(self._begin, waiting, method.method, request)

    def _begin(self, waiting: WaitingCall, method: Method, request: bytes | None) -> None:
        task = waiting.begin(method, request)
        self.waiting.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self.waiting.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception):
            self._tell(error)
