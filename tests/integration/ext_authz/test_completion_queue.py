"""The gRPC server on gRPC's own queue: each call is answered or ended, whatever it does, and the thread goes on."""

import asyncio
import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
import pytest
from ext_authz.completion_queue.core import BatchRefused, Call
from ext_authz.completion_queue.server import AtOnce, QueueServer
from ext_authz.grpc_server import NONE_DROPPED
from grpc_health.v1 import health, health_pb2, health_pb2_grpc  # type: ignore[import-untyped]
from h2.config import H2Configuration
from h2.connection import H2Connection

from tests.support.authz import until

OPTIONS = (("grpc.max_receive_message_length", 1024 * 1024), *NONE_DROPPED)


class Running:
    """A server with a method ``/test/Check``, and what it was told. Requests are words that say what it should do."""

    def __init__(self) -> None:
        self.failures: list[BaseException] = []
        self.deaths = 0
        self.threads: set[str] = set()
        self.is_cancelled = 0
        self.was_read = 0
        self.gate = asyncio.Event()
        self.server = QueueServer(OPTIONS, self.admits, self.failures.append, self.died)
        self.server.add_at_once("test", "Check", AtOnce(self.read, self.now, self.later))
        self.server.add_registered_method_handlers(
            "test", {"Echo": self.handler(grpc.stream_stream_rpc_method_handler)}
        )
        self.port = self.server.listen("127.0.0.1:0", grpc.insecure_server_credentials())
        self.server.start()

    def handler(self, make: Callable[..., Any]) -> Any:
        return make(self.echo, request_deserializer=bytes.decode, response_serializer=str.encode)

    def died(self) -> None:
        self.deaths += 1

    def admits(self, caller: Call) -> bool:
        assert caller.peer().startswith("ipv4:127.0.0.1:") or not caller.peer()  # of one that was given up on at once
        assert "peer_dns" not in caller.auth_context()
        return True

    def read(self, request: bytes) -> str:
        self.was_read += 1
        return request.decode()

    def now(self, word: str) -> bytes | None:
        self.threads.add(threading.current_thread().name)
        if word == "raise":
            raise ZeroDivisionError
        return None if word.startswith("later") else word.encode()

    async def later(self, word: str) -> bytes:
        if word == "later raise":
            raise ZeroDivisionError
        await self.opened()
        return word.encode()

    async def opened(self) -> None:
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.is_cancelled += 1
            raise

    async def echo(self, requests: AsyncIterator[str], context: Any) -> AsyncIterator[str]:
        async for word in requests:
            if word == "raise":
                raise ZeroDivisionError
            if word == "wait":
                await self.opened()
            if word == "abort":
                await context.abort(grpc.StatusCode.ABORTED, "as asked")
            if word == "code":
                context.set_code(grpc.StatusCode.DATA_LOSS)
                context.set_details("as asked")
                raise NotImplementedError
            yield word


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    running = Running()
    yield running
    await running.server.stop(0)
    assert not running.deaths


@pytest.fixture
async def channel(running: Running) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{running.port}") as channel:
        yield channel


def check(channel: grpc.aio.Channel, word: str, timeout: float = 60) -> "grpc.aio.UnaryUnaryCall[bytes, bytes]":
    call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary("/test/Check")
    return call(word.encode(), timeout=timeout)


def echo(channel: grpc.aio.Channel, *words: str) -> "grpc.aio.StreamStreamCall[bytes, bytes]":
    call: grpc.aio.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream("/test/Echo")
    return call(iter([word.encode() for word in words]), timeout=60)


async def answers_still(channel: grpc.aio.Channel) -> bool:
    return await check(channel, "still") == b"still"


async def test_3000_calls_at_once_are_all_answered_and_in_one_thread(
    running: Running, channel: grpc.aio.Channel
) -> None:
    words = [f"word {number}" for number in range(3000)]
    answers = await asyncio.gather(*(check(channel, word) for word in words))
    assert [answer.decode() for answer in answers] == words
    assert running.threads == {"grpc"}


async def test_what_waits_is_answered_too_and_holds_up_nobody(running: Running, channel: grpc.aio.Channel) -> None:
    waiting = [check(channel, f"later {number}") for number in range(1000)]
    assert await answers_still(channel)
    assert not any(call.done() for call in waiting)
    running.gate.set()
    assert await asyncio.gather(*waiting) == [f"later {number}".encode() for number in range(1000)]


@pytest.mark.parametrize(("word", "code"), [("raise", "INTERNAL"), ("later raise", "UNKNOWN"), ("\udcff", "INTERNAL")])
async def test_what_raises_ends_with_an_error_that_is_told(
    running: Running, channel: grpc.aio.Channel, word: str, code: str
) -> None:
    call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary("/test/Check")
    assert await call(word.encode(errors="surrogateescape"), timeout=60).code() is grpc.StatusCode[code]
    assert [type(failure) for failure in running.failures] == [
        UnicodeDecodeError if word == "\udcff" else ZeroDivisionError
    ]
    assert await answers_still(channel)


async def test_a_message_that_is_too_long_is_refused_and_a_call_without_one_as_well(
    running: Running, channel: grpc.aio.Channel
) -> None:
    assert await check(channel, "x" * (1024 * 1024 + 1)).code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    empty: grpc.aio.StreamUnaryMultiCallable[bytes, bytes] = channel.stream_unary("/test/Check")
    assert await empty(iter(()), timeout=60).code() is grpc.StatusCode.INTERNAL
    assert await answers_still(channel)
    assert not running.failures


async def test_a_caller_that_gives_up_ends_what_waits_for_it(running: Running, channel: grpc.aio.Channel) -> None:
    calls = [check(channel, "later", timeout=0.0005 * number) for number in range(1, 401)]
    codes = await asyncio.gather(*(call.code() for call in calls))
    assert set(codes) == {grpc.StatusCode.DEADLINE_EXCEEDED}
    await until(lambda: not running.server.waiting)
    assert running.is_cancelled > 0
    assert await answers_still(channel)
    assert not running.failures


async def test_streams_are_read_and_written(running: Running, channel: grpc.aio.Channel) -> None:
    assert [answer async for answer in echo(channel, "a", "b", "c")] == [b"a", b"b", b"c"]
    assert [answer async for answer in echo(channel)] == []


@pytest.mark.parametrize(
    ("word", "code", "details", "is_told"),
    [("raise", "UNKNOWN", "", True), ("abort", "ABORTED", "as asked", False), ("code", "DATA_LOSS", "as asked", False)],
)
async def test_a_stream_ends_with_the_status_that_the_method_chose(
    running: Running, channel: grpc.aio.Channel, word: str, code: str, details: str, is_told: bool
) -> None:
    call = echo(channel, "a", word)
    assert await call.read() == b"a"
    assert await call.code() is grpc.StatusCode[code]
    assert await call.details() == details
    assert bool(running.failures) is is_told


async def test_a_servicer_of_grpc_aio_is_served(running: Running) -> None:
    server = QueueServer(OPTIONS, lambda _: True, running.failures.append, running.died)
    health_pb2_grpc.add_HealthServicer_to_server(health.aio.HealthServicer(), server)
    port = server.listen("127.0.0.1:0", grpc.insecure_server_credentials())
    server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        assert (await stub.Check(health_pb2.HealthCheckRequest())).status == health_pb2.HealthCheckResponse.SERVING
        unknown = stub.Check(health_pb2.HealthCheckRequest(service="other"))
        assert await unknown.code() is grpc.StatusCode.NOT_FOUND
        watch = stub.Watch(health_pb2.HealthCheckRequest())
        await watch.read()
        watch.cancel()
        await until(lambda: not server.waiting)
        assert await stub.List(health_pb2.HealthListRequest()).code() is grpc.StatusCode.UNIMPLEMENTED
    await server.stop(0)
    assert not running.failures


async def test_a_path_that_is_no_text_is_a_method_that_is_not_there(
    running: Running, channel: grpc.aio.Channel
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    client = H2Connection(H2Configuration(header_encoding=None, validate_outbound_headers=False))
    client.initiate_connection()
    headers = [(b":method", b"POST"), (b":scheme", b"http"), (b":authority", b"x"), (b":path", b"/\xff\xfe/\x80")]
    client.send_headers(1, [*headers, (b"content-type", b"application/grpc"), (b"te", b"trailers")], end_stream=True)
    writer.write(client.data_to_send())
    answered: dict[bytes, bytes] = {}
    async with asyncio.timeout(10):
        while b"grpc-status" not in answered and (data := await reader.read(65536)):
            for event in client.receive_data(data):
                answered |= dict(getattr(event, "headers", None) or ())
    writer.close()
    assert answered[b"grpc-status"] == str(grpc.StatusCode.UNIMPLEMENTED.value[0]).encode()
    assert await answers_still(channel)


async def test_an_answer_that_cannot_be_serialized_is_a_failure_that_is_told(running: Running) -> None:
    async def nothing(*_: object) -> AsyncIterator[None]:
        yield None

    server = QueueServer(OPTIONS, lambda _: True, running.failures.append, running.died)
    serializes: dict[str, Any] = {"request_deserializer": bytes.decode, "response_serializer": str.encode}
    handlers: dict[str, Any] = {"Nothing": grpc.unary_stream_rpc_method_handler(nothing, **serializes)}
    server.add_registered_method_handlers("test", handlers)
    port = server.listen("127.0.0.1:0", grpc.insecure_server_credentials())
    server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        call: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream("/test/Nothing")
        assert await call(b"", timeout=60).code() is grpc.StatusCode.UNKNOWN
    await server.stop(0)
    assert [type(failure) for failure in running.failures] == [TypeError]


async def test_nothing_ends_the_thread_though_nobody_can_be_told(running: Running) -> None:
    def cannot(_: BaseException) -> None:
        raise RuntimeError

    server = QueueServer(OPTIONS, lambda _: True, cannot, running.died)
    server.add_at_once("test", "Check", AtOnce(running.read, running.now, running.later))
    port = server.listen("127.0.0.1:0", grpc.insecure_server_credentials())
    server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        for word in ("raise", "later raise"):
            assert await check(channel, word).code() in {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN}
        assert await answers_still(channel)
    await server.stop(0)


async def test_what_a_tag_raises_is_told_and_the_thread_goes_on(
    running: Running, channel: grpc.aio.Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("ext_authz.completion_queue.server.was_cancelled", breaks)
    running.gate.set()
    assert await check(channel, "later") == b"later"
    await until(lambda: bool(running.failures))
    assert [type(failure) for failure in running.failures] == [ZeroDivisionError]
    assert await answers_still(channel)


async def test_a_batch_that_grpc_refuses_is_an_error() -> None:
    class Refusing:
        def start_server_batch(self, *_: object) -> int:
            return 8  # GRPC_CALL_ERROR_TOO_MANY_OPERATIONS

    call = Call(Refusing())
    with pytest.raises(BatchRefused, match="8"):
        call.answer(b"")
    with pytest.raises(BatchRefused, match="8"):
        call.watch(print)


async def test_a_server_that_was_never_started_can_be_stopped(running: Running) -> None:
    server = QueueServer(OPTIONS, bool, running.failures.append, running.died)
    for _ in range(2):
        await server.stop(0)


async def test_who_is_not_admitted_gets_no_answer_and_is_not_read(running: Running) -> None:
    server = QueueServer(OPTIONS, lambda _: False, running.failures.append, running.died)
    server.add_at_once("test", "Check", AtOnce(running.read, running.now, running.later))
    port = server.listen("127.0.0.1:0", grpc.insecure_server_credentials())
    server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        assert await check(channel, "word").code() is grpc.StatusCode.PERMISSION_DENIED
    await server.stop(0)
    assert not running.was_read


def test_a_kind_of_method_that_it_does_not_serve_is_an_error() -> None:
    async def add() -> None:
        handlers: dict[str, Any] = {"Sum": grpc.stream_unary_rpc_method_handler(lambda *_: None)}
        QueueServer(OPTIONS, bool, print, print).add_registered_method_handlers("test", handlers)

    with pytest.raises(TypeError, match="not served"):
        asyncio.run(add())


@pytest.mark.covers("F5")
async def test_a_stop_lets_what_is_under_way_end(running: Running, channel: grpc.aio.Channel) -> None:
    waiting = check(channel, "later")
    await until(lambda: bool(running.server.waiting))
    stopping = asyncio.create_task(running.server.stop(60))
    await until_refused(running.port)
    assert not stopping.done()
    running.gate.set()
    assert await waiting == b"later"
    await stopping
    await running.server.stop(0)  # once more does nothing


@pytest.mark.covers("F5")
async def test_a_stop_cancels_what_does_not_end_in_time(running: Running, channel: grpc.aio.Channel) -> None:
    waiting, stream = check(channel, "later"), echo(channel, "a", "wait")
    assert await stream.read() == b"a"
    await until(lambda: len(running.server.waiting) == 2)
    await running.server.stop(0.2)
    assert not running.server.waiting
    assert running.is_cancelled == 2
    for call in (waiting, stream):
        assert await call.code() in {grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE}
    assert not any(thread.name == "grpc" and thread.is_alive() for thread in threading.enumerate())


async def until_refused(port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                await asyncio.sleep(0.01)
                continue
            return


async def test_a_thread_that_ends_by_itself_is_told(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> None:
        raise MemoryError

    server = QueueServer(OPTIONS, lambda _: True, running.failures.append, running.died)
    monkeypatch.setattr(server._queue, "serve", breaks)
    server.listen("127.0.0.1:0", grpc.insecure_server_credentials())
    server.start()
    await until(lambda: running.deaths == 1)
    assert [type(failure) for failure in running.failures] == [MemoryError]
    async with asyncio.timeout(10):
        await server.stop(60)
    running.deaths = 0


# A crash of the process would end the test run: it has one of its own.
STOPS_UNDER_LOAD = """
import asyncio, grpc
from ext_authz.completion_queue.server import AtOnce, QueueServer

async def later(word):
    await asyncio.sleep(0.002)
    return word

async def calls(port):
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_unary("/test/Check")
        for number in range(100_000):
            try:
                await call(b"later" if number % 3 else b"now", timeout=0.003 if number % 5 == 0 else 10)
            except grpc.aio.AioRpcError as error:
                if error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
                    return

async def main():
    for rounds in range(20):
        failures = []
        server = QueueServer((), lambda call: bool(call.peer()), failures.append, lambda: None)
        server.add_at_once("test", "Check", AtOnce(bytes, lambda word: word if word == b"now" else None, later))
        port = server.listen("127.0.0.1:0", grpc.insecure_server_credentials())
        server.start()
        calling = [asyncio.create_task(calls(port)) for _ in range(16)]
        await asyncio.sleep(0.1)
        await server.stop(0.05 * (rounds % 2))
        await asyncio.gather(*calling)
        assert not failures, failures
    print("done")

asyncio.run(main())
"""


@pytest.mark.covers("F5")
def test_20_stops_under_load_crash_nothing() -> None:
    command = [sys.executable, "-X", "faulthandler", "-c", STOPS_UNDER_LOAD]
    quiet = os.environ | {"GRPC_VERBOSITY": "ERROR"}  # the client's words about each end of its server
    ended = subprocess.run(command, env=quiet, capture_output=True, text=True, timeout=120, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "done\n", "")
