"""gRPC's server as its own Python layers have it: ``grpc.server`` and ``grpc.aio`` are both built on ``cygrpc``.

It is not public, so all that is used of it stands here, pyproject.toml names the releases that it was tried with, and
``tests/integration/ext_authz/test_completion_queue.py`` shows that they still agree. A *batch* is some operations on a
call; its *tag* is called with the event when all of them are done (grpc.h, ``grpc_call_start_batch``).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import grpc
from grpc._cython import cygrpc  # type: ignore[attr-defined]  # the stubs know nothing of it

Tag: TypeAlias = Callable[[Any], object]
"""Called in the queue's thread."""

OK = grpc.StatusCode.OK


class BatchRefused(Exception):
    """gRPC would not start a batch (grpc.h, ``grpc_call_error``): its tag will never be called."""


class Call:
    """One call, from its request to its status. Batches may be started in any thread.

    Each method that starts one raises BatchRefused.
    """

    __slots__ = ("_call", "_is_watched")

    def __init__(self, call: Any) -> None:
        self._call = call
        self._is_watched = False

    def peer(self) -> str:
        """The address on the other side, as gRPC writes it: ``ipv4:192.0.2.1:50000``; "" where it is gone already."""
        return str(self._call.peer(), "utf-8")

    def auth_context(self) -> Mapping[str, Iterable[bytes]]:
        """What the peer's certificate says, by gRPC's property names."""
        properties: Mapping[bytes, Iterable[bytes]] = cygrpc.auth_context(self._call) or {}
        return {str(name, "utf-8"): values for name, values in properties.items()}

    def receive(self, tag: Tag) -> None:
        """The next message; the tag's event gives it by ``message``."""
        self._start((cygrpc.ReceiveMessageOperation(0),), tag)

    def watch(self, tag: Tag) -> None:
        """The call's end; the tag's event tells by ``was_cancelled`` whether the other side gave up on it."""
        self._start((cygrpc.ReceiveCloseOnServerOperation(0),), tag)
        self._is_watched = True

    def send(self, message: bytes, tag: Tag, *, is_first: bool) -> None:
        """One message of several."""
        first = (cygrpc.SendInitialMetadataOperation((), 0),) if is_first else ()
        self._start((*first, cygrpc.SendMessageOperation(message, 0)), tag)

    def answer(self, message: bytes) -> None:
        """The one answer to the one request of a call that nobody watches: all in a batch."""
        operations = (
            cygrpc.SendInitialMetadataOperation((), 0),
            cygrpc.SendMessageOperation(message, 0),
            cygrpc.SendStatusFromServerOperation((), 0, b"", 0),
            cygrpc.ReceiveCloseOnServerOperation(0),
        )
        self._start(operations, _nothing)

    def finish(
        self, message: bytes | None, code: grpc.StatusCode = OK, details: str = "", *, is_first: bool = True
    ) -> None:
        """A last ``message``, if there is one, and the status. ``is_first``: nothing was sent before."""
        operations = [cygrpc.SendInitialMetadataOperation((), 0)] if is_first else []
        if message is not None:
            operations.append(cygrpc.SendMessageOperation(message, 0))
        operations.append(cygrpc.SendStatusFromServerOperation((), code.value[0], details.encode(), 0))
        if not self._is_watched:
            operations.append(cygrpc.ReceiveCloseOnServerOperation(0))
        self._start(operations, _nothing)

    def _start(self, operations: Sequence[Any], tag: Tag) -> None:
        if error := self._call.start_server_batch(operations, tag):
            raise BatchRefused(f"grpc_call_error {error}")


def message(event: Any) -> bytes | None:
    """What ``Call.receive`` brought; None where there is none left, or the other side is gone."""
    received: bytes | None = event.batch_operations[0].message()
    return received


def was_cancelled(event: Any) -> bool:
    """Whether the call that ``Call.watch`` watched was given up on, by its deadline or otherwise."""
    return bool(event.batch_operations[0].cancelled())


class CompletionQueue:
    """A server with the one queue on which all happens to it. ``failed`` is told what a tag raised."""

    def __init__(self, options: Sequence[tuple[str, Any]], failed: Callable[[BaseException], object]) -> None:
        self._failed = failed
        self._queue = cygrpc.CompletionQueue()
        self._server = cygrpc.Server(tuple(options), False)  # False: no xDS
        self._server.register_completion_queue(self._queue)
        self._is_shut_down = False

    def listen(self, address: str, credentials: grpc.ServerCredentials) -> int:
        """Returns the port. Raises RuntimeError: the address cannot be bound."""
        port: int = self._server.add_http2_port(address.encode(), credentials._credentials)  # type: ignore[attr-defined]
        if not port:
            raise RuntimeError(f"cannot bind {address}")
        return port

    def start(self) -> None:
        self._server.start()

    def take_calls(self, tag: Callable[[Call, bytes], object], ahead: int) -> None:
        """Each call that comes, with its method's path, which may be any bytes: the caller has not been looked at yet.

        gRPC may hand over ``ahead`` of them before one was seen to.
        """

        def take() -> None:
            self._server.request_call(self._queue, self._queue, called)

        def called(event: Any) -> None:
            if not event.success:  # the server is shutting down: there is no call
                return
            try:  # noqa: SIM105 - contextlib's is made of Python calls, and this is done for each request
                take()
            except ValueError:  # the same, from now on
                pass
            tag(Call(event.call), event.call_details.method)

        for _ in range(ahead):
            take()

    def serve(self) -> None:
        """Call tags until the server is shut down and its last connection has ended."""
        while not self._is_shut_down:
            event = self._queue.poll()
            try:
                event.tag(event)
            except Exception as error:  # noqa: BLE001 - the others' answers come from here as well
                self._failed(error)
            del event  # or its call would live until the next one, however long that takes

    def shut_down(self) -> None:
        """Take no more connections and calls, and let ``serve`` return when those that were there have ended."""
        self._server.shutdown(self._queue, self._shut_down)

    def cancel_all_calls(self) -> None:
        self._server.cancel_all_calls()

    def close(self) -> None:
        """Free the server, once ``serve`` has returned. No other thread may use it meanwhile or later.

        The queue itself is not shut down: to start a batch on one that is would end the process, and a method that has
        not heard of its caller's end may start one.
        """
        if self._is_shut_down:
            self._server.destroy()

    def _shut_down(self, _: Any) -> None:
        self._is_shut_down = True


def _nothing(_: Any) -> None:
    pass
