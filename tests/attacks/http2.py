"""HTTP/2 frames by hand (RFC 9113): what a client library would correct or refuse to send is sent."""

import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import hpack
from hyperframe.frame import DataFrame, Frame, GoAwayFrame, HeadersFrame, RstStreamFrame, SettingsFrame

from tests.attacks.http1 import DEADLINE_S, PING, Door, connected
from tests.attacks.registry import Answer

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
Fields = Sequence[tuple[bytes | str, bytes | str]]


class Http2:
    """One connection. Frames are written as they are made; what comes back is read frame by frame."""

    def __init__(self, tls: ssl.SSLSocket) -> None:
        self.tls = tls
        self.encoder = hpack.Encoder()
        self._decoder = hpack.Decoder()
        self._unread = b""
        self.send(SettingsFrame(0), preface=True)

    def send(self, *frames: Frame, preface: bool = False) -> None:
        self.tls.sendall((PREFACE if preface else b"") + b"".join(frame.serialize() for frame in frames))

    def headers(self, stream: int, fields: Fields, *flags: str, indexed: bool = False) -> HeadersFrame:
        """The whole block in one frame; unless ``indexed``, it stands for itself and can be sent anew."""
        kind = hpack.HeaderTuple if indexed else hpack.NeverIndexedHeaderTuple
        block = self.encoder.encode([kind(name, value) for name, value in fields])
        return HeadersFrame(stream, data=block, flags=["END_HEADERS", *flags])

    def frames(self, seconds: float = DEADLINE_S) -> Iterator[Frame]:
        """What the gateway sends until it closes; SETTINGS are acknowledged on the way."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if (frame := self._next()) is None:
                return
            if isinstance(frame, SettingsFrame) and "ACK" not in frame.flags:
                self.send(SettingsFrame(0, flags=["ACK"]))
            yield frame
        raise AssertionError(f"no end within {seconds} s")

    def answer(self, stream: int = 1, seconds: float = DEADLINE_S) -> Answer:
        """How the gateway ends this stream."""
        status: int | None = None
        for frame in self.frames(seconds):
            if isinstance(frame, HeadersFrame):
                fields = {str(name): str(value) for name, value in self._decoder.decode(frame.data)}
                if frame.stream_id == stream:
                    status = int(fields[":status"]) if ":status" in fields else status
            elif isinstance(frame, GoAwayFrame):
                return status or "closed"
            elif isinstance(frame, RstStreamFrame) and frame.stream_id == stream:
                return status or "reset"
            if frame.stream_id == stream and "END_STREAM" in frame.flags and status is not None:
                return status
        return status or "closed"

    def _next(self) -> Frame | None:
        if (head := self._exactly(9)) is None:
            return None
        frame, length = Frame.parse_frame_header(memoryview(head))
        if (body := self._exactly(length)) is None:
            return None
        frame.parse_body(memoryview(body))
        return frame

    def _exactly(self, count: int) -> bytes | None:
        while len(self._unread) < count:
            try:
                piece = self.tls.recv(65536)
            except ConnectionError:
                return None
            if not piece:
                return None
            self._unread += piece
        taken, self._unread = self._unread[:count], self._unread[count:]
        return taken


@contextmanager
def http2(door: Door, *, source: str = "127.0.0.1") -> Iterator[Http2]:
    port, _ = door
    offering = ssl.create_default_context()
    offering.check_hostname, offering.verify_mode = False, ssl.CERT_NONE
    offering.set_alpn_protocols(["h2"])
    with connected((port, offering), source=source) as tls:
        assert tls.selected_alpn_protocol() == "h2"
        yield Http2(tls)


def post(token: str, *more: tuple[bytes | str, bytes | str], path: str = "/mcp/calculator", **changed: str) -> Fields:
    """The fields of a good call and ``more``; ``changed`` are other pseudo-header values, "" to leave one out."""
    pseudo = {"method": "POST", "scheme": "https", "authority": "localhost", "path": path} | changed
    fields: list[tuple[bytes | str, bytes | str]] = [(f":{name}", value) for name, value in pseudo.items() if value]
    return [*fields, ("authorization", f"Bearer {token}"), ("content-type", "application/json"), *more]


def respond(door: Door, fields: Fields, body: bytes = PING, trailers: Fields = (), *, indexed: bool = False) -> Answer:
    """The answer to these fields and this body on a connection of their own."""
    with http2(door) as connection:
        data = DataFrame(1, data=body, flags=[] if trailers else ["END_STREAM"])
        last = [connection.headers(1, trailers, "END_STREAM")] if trailers else []
        try:
            connection.send(connection.headers(1, fields, indexed=indexed), data, *last)
        except ConnectionError:
            return "closed"
        return connection.answer()
