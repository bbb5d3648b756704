"""S9: many of everything. Each flood ends in a refusal, other clients are served, and Envoy's memory stays flat."""

import contextlib
import resource
import socket
import ssl
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    Frame,
    HeadersFrame,
    PingFrame,
    PriorityFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from tests.attacks.classes import S9
from tests.attacks.http1 import connected, exchange, request
from tests.attacks.http2 import Http2, http2, post
from tests.attacks.registry import Answer, Attack
from tests.attacks.scripted import TOKEN, ScriptedGateway
from tests.support.runner import eventually

OTHERS_S = 5.0  # a call takes some 10 ms; the machine may have much else to do
MEMORY_BYTES = 100 * 1024 * 1024
CONNECTIONS = 400
CONNECTIONS_AT_ONCE = 10_000  # envoy.yaml, max_active_downstream_connections
BEYOND = 200
GOOD = post(TOKEN)


def endless(make: Callable[[int], list[Frame]], count: int, per_write: int = 100) -> Callable[[Http2], None]:
    """``count`` times these frames, as fast as they go; the gateway is expected to end it before."""

    def flood(connection: Http2) -> None:
        for start in range(0, count, per_write):
            connection.send(*(frame for n in range(start, start + per_write) for frame in make(n)))

    return flood


def rapid_reset(connection: Http2) -> None:
    """CVE-2023-44487."""
    block = connection.headers(1, GOOD).data
    for start in range(1, 8001, 200):
        streams = range(start, start + 200, 2)
        pairs = ((HeadersFrame(s, data=block, flags=["END_HEADERS"]), RstStreamFrame(s, error_code=8)) for s in streams)
        connection.send(*(frame for pair in pairs for frame in pair))


def continuation(size: int, count: int) -> Callable[[Http2], None]:
    """CVE-2024-27316 and its kin: a header block that does not end."""

    def flood(connection: Http2) -> None:
        connection.send(HeadersFrame(1, data=connection.headers(1, GOOD).data))
        field = connection.encoder.encode([(b"x-a", b"a" * size)]) if size else b""
        endless(lambda _: [ContinuationFrame(1, data=field)], count)(connection)

    return flood


def opened(then: Callable[[Http2], None]) -> Callable[[Http2], None]:
    """On a stream that was begun and whose body is still to come."""

    def flood(connection: Http2) -> None:
        connection.send(connection.headers(1, GOOD))
        then(connection)

    return flood


FLOODS: dict[str, Callable[[Http2], None]] = {
    "rapid reset": rapid_reset,
    "CONTINUATION without an end": continuation(1000, 2000),
    "empty CONTINUATION without an end": continuation(0, 20_000),
    "empty DATA frames": opened(endless(lambda _: [DataFrame(1, data=b"")], 20_000)),
    "WINDOW_UPDATE frames": opened(endless(lambda _: [WindowUpdateFrame(1, window_increment=1)], 50_000)),
    "PRIORITY frames": opened(endless(lambda _: [PriorityFrame(1, depends_on=0)], 50_000)),
    "SETTINGS that are never read": endless(lambda _: [SettingsFrame(0, settings={3: 100})], 200_000),
    "PING that are never read": endless(lambda _: [PingFrame(0, opaque_data=b"12345678")], 200_000),
}


@pytest.fixture(scope="module")
def memory(running: ScriptedGateway) -> Iterator[Callable[[], int]]:
    """Envoy's allocated bytes; after all floods they are about where they were."""

    def allocated() -> int:
        url = f"http://127.0.0.1:{running.recording.settings.envoy_admin_port}/stats"
        return int(httpx.get(url, params={"filter": "^server.memory_allocated$"}).text.rsplit(":", 1)[1])

    before = allocated()
    yield allocated
    eventually(lambda: allocated() - before < MEMORY_BYTES, 60)  # ten thousand connections take a while to end


def others_are_served(gateway: ScriptedGateway) -> None:
    started = time.monotonic()
    [answered] = exchange(gateway.door, request("/mcp/weather", token=TOKEN, method=b"GET", body=b""))
    assert answered.status == 200
    assert time.monotonic() - started < OTHERS_S


@pytest.mark.covers("S9")
@S9.add({f"HTTP/2: {name}": flood for name, flood in FLOODS.items()}, "closed")
def test_a_flood_of_frames_ends_the_connection(
    gateway: ScriptedGateway, memory: Callable[[], int], attack: Attack
) -> None:
    with http2(gateway.door) as connection:
        connection.tls.settimeout(20)
        answer: Answer = 200
        try:
            attack.input(connection)
            for frame in connection.frames():
                if frame.stream_id == 0 and type(frame).__name__ == "GoAwayFrame":
                    break
            answer = "closed"
        except (ConnectionError, ssl.SSLError):
            answer = "closed"
        others_are_served(gateway)
    assert answer in attack.answers
    assert [received for received in gateway.received if received.server == "calculator"] == []


@pytest.mark.covers("S9")
@S9.add({"HTTP/2: 200 streams at once": 200}, "reset")
def test_streams_beyond_the_hundredth_are_refused(
    gateway: ScriptedGateway, memory: Callable[[], int], attack: Attack
) -> None:
    with http2(gateway.door) as connection:
        for stream in range(1, 2 * attack.input, 2):
            connection.send(connection.headers(stream, GOOD))  # each waits for its body
        assert connection.answer(2 * attack.input - 1) in attack.answers
        others_are_served(gateway)
    assert [received for received in gateway.received if received.server == "calculator"] == []


@pytest.mark.covers("S9")
@S9.one(f"{CONNECTIONS} connections that say nothing", 200, reaches="the other client's call")
def test_many_connections_hold_nobody_up(gateway: ScriptedGateway, memory: Callable[[], int], attack: Attack) -> None:
    with contextlib.ExitStack() as held:
        for _ in range(CONNECTIONS):
            held.enter_context(socket.create_connection(("127.0.0.1", gateway.door[0]), timeout=20))
        others_are_served(gateway)


@pytest.mark.covers("S9")
@S9.one("10,200 connections that say nothing", "closed")
def test_connections_beyond_the_ten_thousandth_are_closed(gateway: ScriptedGateway, attack: Attack) -> None:
    """Who is connected already is served, and so is the dashboard; a place that becomes free is taken."""
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < CONNECTIONS_AT_ONCE + 500:
        pytest.skip(f"this process and Envoy each need that many descriptors: ulimit -n {CONNECTIONS_AT_ONCE + 500}")
    dashboard = f"http://127.0.0.1:{gateway.recording.settings.dashboard_port}/"
    with gateway.recording.client() as known, contextlib.ExitStack() as held:
        assert known.get("/mcp/weather").status_code == 401
        address = ("127.0.0.1", gateway.door[0])
        silent = [held.enter_context(socket.create_connection(address, timeout=20)) for _ in range(CONNECTIONS_AT_ONCE)]
        beyond = [held.enter_context(socket.create_connection(address, timeout=20)) for _ in range(BEYOND)]
        eventually(lambda: all(map(is_closed, beyond)), 60)
        answer: Answer = "closed" if all(map(is_closed, beyond)) else 200
        assert answer in attack.answers
        assert sum(map(is_closed, silent)) <= BEYOND, "a few places were taken by others"
        with pytest.raises(httpx.TransportError), gateway.recording.client() as another:
            another.get("/mcp/weather")
        assert known.get("/mcp/weather").status_code == 401, "served as before"
        assert httpx.get(dashboard).status_code == 200
    eventually(lambda: is_served(gateway), 60)


def is_closed(connection: socket.socket) -> bool:
    """Whether the other side has ended it; nothing was said on it."""
    connection.setblocking(False)
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def is_served(gateway: ScriptedGateway) -> bool:
    try:
        others_are_served(gateway)
    except OSError:  # closed at once
        return False
    return True


@pytest.mark.covers("S9")
@S9.one("100 connections in mid-request", 200, reaches="the other client's call")
def test_many_unfinished_requests_hold_nobody_up(
    gateway: ScriptedGateway, memory: Callable[[], int], attack: Attack
) -> None:
    unfinished = request("/mcp/calculator", token=TOKEN, body=b" " * 200_000)[:-1]
    with contextlib.ExitStack() as held:
        for _ in range(100):
            held.enter_context(connected(gateway.door)).sendall(unfinished)
        others_are_served(gateway)
    assert [received for received in gateway.received if received.server == "calculator"] == []


@pytest.mark.covers("S9")
@S9.one("HTTP/2: 100 answers that are never read", 200, reaches="the calls, and the other client's")
def test_answers_that_nobody_reads_hold_nobody_up(
    gateway: ScriptedGateway, memory: Callable[[], int], attack: Attack
) -> None:
    get = [(b":method", b"GET"), *GOOD[1:4], *GOOD[4:5]]
    with http2(gateway.door) as connection:
        connection.send(SettingsFrame(0, settings={SettingsFrame.INITIAL_WINDOW_SIZE: 0}))
        connection.send(*(connection.headers(stream, get, "END_STREAM") for stream in range(1, 200, 2)))
        others_are_served(gateway)
