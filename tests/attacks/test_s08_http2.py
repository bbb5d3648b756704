"""S8, HTTP/2: fields, pseudo-fields and frames that RFC 9113 forbids, written by hand."""

import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    Frame,
    HeadersFrame,
    PriorityFrame,
    PushPromiseFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from tests.attacks.classes import S8
from tests.attacks.http1 import PING
from tests.attacks.http2 import Fields, Http2, http2, post, respond
from tests.attacks.registry import Answer, Attack
from tests.attacks.scripted import TOKEN, ScriptedGateway

GOOD = post(TOKEN)


def without(name: str) -> Fields:
    return [field for field in GOOD if field[0] != name]


FIELDS = {
    "Connection": post(TOKEN, ("connection", "close")),
    "Keep-Alive": post(TOKEN, ("keep-alive", "timeout=5")),
    "Proxy-Connection": post(TOKEN, ("proxy-connection", "close")),
    "Transfer-Encoding": post(TOKEN, ("transfer-encoding", "chunked")),
    "Upgrade": post(TOKEN, ("upgrade", "h2c")),
    "TE gzip": post(TOKEN, ("te", "gzip")),
    "content-length too short": post(TOKEN, ("content-length", "1")),
    "content-length too long": post(TOKEN, ("content-length", "4000")),
    "content-length twice": post(TOKEN, ("content-length", "40"), ("content-length", "1")),
    "content-length that is none": post(TOKEN, ("content-length", "40x")),
    "no method": without(":method"),
    "no path": without(":path"),
    "no scheme": without(":scheme"),
    "method twice": [*GOOD[:1], (":method", "GET"), *GOOD[1:]],
    "path twice": [*GOOD[:4], (":path", "/health"), *GOOD[4:]],
    "pseudo-field behind a field": [*GOOD[:3], *GOOD[4:], GOOD[3]],
    "unknown pseudo-field": [(":token", "x"), *GOOD],
    "status in a request": [(":status", "200"), *GOOD],
    "line break in a value": post(TOKEN, ("x-other", "a\r\nx-user-sub: forged")),
    "LF in a value": post(TOKEN, ("x-other", "a\nb")),
    "NUL in a value": post(TOKEN, ("x-other", "a\x00b")),
    "empty name": post(TOKEN, ("", "x")),
    "colon in a name": post(TOKEN, ("x:y", "x")),
    "space in a name": post(TOKEN, ("x y", "x")),
    "line break in the method": post(TOKEN, method="POST / HTTP/1.1\r\nX: y"),
    "line break in the authority": post(TOKEN, authority="localhost\r\nX: y"),
    "extended CONNECT": [(":method", "CONNECT"), (":protocol", "websocket"), *GOOD[1:]],
}
LENGTHS = {"HTTP/2: content-length too short", "HTTP/2: content-length too long"}
Frames = Callable[[Http2], list[Frame]]


def on(stream: int) -> Frames:
    return lambda connection: [connection.headers(stream, GOOD, "END_STREAM")]


def split(between: Frame) -> Frames:
    """A header block in two frames with another one between them (RFC 9113 section 6.10)."""

    def frames(connection: Http2) -> list[Frame]:
        block = connection.headers(1, GOOD).data
        first = HeadersFrame(1, data=block[:10], flags=["END_STREAM"])
        return [first, between, ContinuationFrame(1, data=block[10:], flags=["END_HEADERS"])]

    return frames


class Raw(Frame):
    """A frame of any type and body."""

    defined_flags: list[object] = []  # type: ignore[assignment]  # noqa: RUF012

    def __init__(self, stream: int, kind: int, data: bytes, claimed: int | None = None) -> None:
        super().__init__(1)
        self.raw = struct.pack(">IBBI", claimed or len(data), kind, 0, stream)[1:] + data

    def serialize(self) -> bytes:
        return self.raw


FRAMES: dict[str, Frames] = {
    "HEADERS on stream 0": lambda _: [Raw(0, 1, b"\x82")],
    "HEADERS on an even stream": on(2),
    "DATA on an idle stream": lambda _: [DataFrame(5, data=PING)],
    "DATA on stream 0": lambda _: [Raw(0, 0, PING)],
    "CONTINUATION out of nowhere": lambda _: [ContinuationFrame(1, data=b"\x82", flags=["END_HEADERS"])],
    "DATA inside a header block": split(DataFrame(1, data=b"x")),
    "another stream inside a header block": split(PriorityFrame(3, depends_on=1)),
    "an index that no table has": lambda _: [HeadersFrame(1, data=b"\xff\xff\xff\xff\x0f", flags=["END_HEADERS"])],
    "a table larger than allowed": lambda _: [HeadersFrame(1, data=b"\x3f\xe1\xff\xff\x7f", flags=["END_HEADERS"])],
    "Huffman code that is none": lambda _: [HeadersFrame(1, data=b"\x40\x84\xff\xff\xff\xff", flags=["END_HEADERS"])],
    "a frame beyond the largest size": lambda _: [Raw(1, 0, b"", claimed=0xFFFFFF)],
    "PUSH_PROMISE from a client": lambda _: [PushPromiseFrame(1, promised_stream_id=2, data=b"\x82")],
    "SETTINGS of a wrong length": lambda _: [Raw(0, 4, b"abc")],
    "SETTINGS: a window that is too large": lambda _: [
        SettingsFrame(0, settings={SettingsFrame.INITIAL_WINDOW_SIZE: 0xFFFFFFFF})
    ],
    "WINDOW_UPDATE of 0": lambda _: [Raw(0, 8, bytes(4))],
    "WINDOW_UPDATE beyond the largest window": lambda _: [WindowUpdateFrame(0, window_increment=0x7FFFFFFF)] * 2,
    "RST_STREAM of an idle stream": lambda _: [Raw(7, 3, bytes(4))],
    "PING of a wrong length": lambda _: [Raw(0, 6, b"abc")],
}


@pytest.fixture(scope="module")
def ended(watched: ScriptedGateway) -> dict[str, Answer]:
    """How each ends. Envoy takes a second to close such a connection, so all are made at the same time."""
    with ThreadPoolExecutor(8) as pool:
        fields = {name: pool.submit(respond, watched.door, sent) for name, sent in FIELDS.items()}
        frames = {name: pool.submit(_written, watched, make) for name, make in FRAMES.items()}
        return {f"HTTP/2: {name}": one.result() for name, one in (fields | frames).items()}


def _written(gateway: ScriptedGateway, make: Frames) -> Answer:
    with http2(gateway.door) as connection:
        try:
            connection.send(*make(connection))
        except ConnectionError:
            return "closed"
        return connection.answer()


@pytest.mark.covers("S8")
@S8.each(S8.alike({f"HTTP/2: {name}": fields for name, fields in FIELDS.items()}, "closed", but_reset=LENGTHS))
def test_forbidden_fields_are_refused(ended: dict[str, Answer], watched: ScriptedGateway, attack: Attack) -> None:
    watched.held(attack, ended[attack.name])


@pytest.mark.covers("S8")
@S8.each(S8.alike({f"HTTP/2: {name}": frames for name, frames in FRAMES.items()}, "closed"))
def test_forbidden_frames_end_the_connection(
    ended: dict[str, Answer], watched: ScriptedGateway, attack: Attack
) -> None:
    watched.held(attack, ended[attack.name])


@pytest.mark.covers("S8")
@S8.add({"HTTP/2: another scheme": post(TOKEN, scheme="http")}, 200, reaches="the call, as https")
def test_the_scheme_is_ours_to_say(gateway: ScriptedGateway, attack: Attack) -> None:
    gateway.held(attack, respond(gateway.door, attack.input))
    assert [received.all("x-forwarded-proto") for received in gateway.received] == [["https"]]


@pytest.mark.covers("S8")
@S8.add({"HTTP/2: CONNECT": [(":method", "CONNECT"), (":authority", "mcp-weather:8000")]}, 404)
def test_nobody_is_connected_through_by_http2(gateway: ScriptedGateway, attack: Attack) -> None:
    gateway.held(attack, respond(gateway.door, attack.input))


@pytest.mark.covers("S8", "S1")
@S8.add(
    {
        "HTTP/2: a pseudo-field as a trailer": [(":path", "/health")],
        "HTTP/2: a connection-specific trailer": [("transfer-encoding", "chunked")],
        "HTTP/2: a line break in a trailer": [("x-other", "a\r\nb")],
    },
    400,
    "reset",
    "closed",
)
def test_forbidden_trailers_are_refused(gateway: ScriptedGateway, attack: Attack) -> None:
    answer = respond(gateway.door, GOOD, trailers=attack.input)
    assert answer in attack.answers
    assert [received for received in gateway.received if "http" in str(received.headers).lower()] == []
