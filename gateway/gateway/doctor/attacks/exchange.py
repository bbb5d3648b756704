"""Sends bytes exactly as they are, and hears what comes back; bounded in bytes and in time.

A client library would tidy most attacks away: it joins headers, resolves `..`, and never sends two lengths.
"""

import asyncio
import contextlib
import re
import ssl
from dataclasses import dataclass, field
from enum import Enum

import httpx

from gateway.client.refusals import reason
from gateway.doctor.target import Target
from gateway.doctor.wire import Answer, NoAnswer

MAX_BYTES = 256 * 1024
SECONDS = 5.0  # for one attack, from the connection to the end of the answer
BYTES_A_SECOND = 256 * 1024  # a slow line may take this much longer for a large one
LINGER_SECONDS = 0.2  # after an answer, where a second one would be the proof of an attack
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-9][0-9]{2})(?: [^\r\n]*)?")
_INFORMATIONAL = range(100, 200)
_SWITCHING = 101


class End(Enum):
    """How the exchange ended."""

    COMPLETE = "complete"
    CLOSED = "closed without an answer"
    SILENT = "no answer in time"


@dataclass(frozen=True, slots=True)
class Heard:
    """What came back. More than one answer to one request means that two were read in it."""

    end: End
    answers: list[Answer] = field(default_factory=list)

    @property
    def first(self) -> Answer | None:
        """The answer to the request, None where there was none."""
        return self.answers[0] if self.answers else None

    @property
    def status(self) -> int | None:
        """Of the first answer."""
        return self.answers[0].status if self.answers else None

    def __str__(self) -> str:
        return ", then ".join(str(answer.status) for answer in self.answers) or self.end.value


async def exchange(
    target: Target, trust: ssl.SSLContext, request: bytes, *, seconds: float = SECONDS, linger: float = 0.0
) -> Heard:
    """Send `request` on a connection of its own, and listen for `linger` seconds beyond the first answer.

    Raises:
        NoAnswer: no connection could be made.
    """
    received = bytearray()
    end = End.CLOSED
    try:
        async with asyncio.timeout(seconds + len(request) / BYTES_A_SECOND):
            reader, writer = await _connect(target, trust)
            sending = asyncio.create_task(_send(writer, request))  # who refuses a long request may not read all of it
            try:
                await _listen(reader, received, linger)
            finally:
                sending.cancel()
                writer.transport.abort()
    except TimeoutError:
        end = End.SILENT
    except OSError:  # reset: what came before it counts
        pass
    answers, _ = read_answers(bytes(received), target.url)
    return Heard(End.COMPLETE if answers else end, answers)


async def _connect(target: Target, trust: ssl.SSLContext) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        return await asyncio.open_connection(target.host, target.port, ssl=trust if target.is_tls else None)
    except TimeoutError:
        raise
    except OSError as error:
        raise NoAnswer(f"no connection ({reason(error)})", "look whether it still runs, and into its log") from error


async def _send(writer: asyncio.StreamWriter, request: bytes) -> None:
    with contextlib.suppress(OSError):
        writer.write(request)
        await writer.drain()


async def _listen(reader: asyncio.StreamReader, received: bytearray, linger: float) -> None:
    while len(received) < MAX_BYTES:
        answers, is_whole = read_answers(bytes(received), "")
        if not (answers and is_whole):
            chunk = await reader.read(65536)
        else:
            try:
                async with asyncio.timeout(linger):
                    chunk = await reader.read(65536)
            except TimeoutError:
                return
        if not chunk:
            return
        received += chunk


def read_answers(received: bytes, url: str) -> tuple[list[Answer], bool]:
    """The final answers in what was received, and whether the last of them is whole."""
    answers: list[Answer] = []
    while received:
        head, separator, rest = received.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        status_line = _STATUS_LINE.fullmatch(lines[0])
        if not separator or not status_line:
            return answers, bool(answers) and not status_line
        status = int(status_line[1])
        if status in _INFORMATIONAL and status != _SWITCHING:
            received = rest
            continue
        headers = _headers(lines[1:])
        body, received, is_whole = _body(status, headers, rest)
        answers.append(Answer(url, status, headers, body))
        if not is_whole:
            return answers, False
    return answers, True


def _headers(lines: list[bytes]) -> httpx.Headers:
    pairs = (line.partition(b":") for line in lines)
    return httpx.Headers([(name.strip(), value.strip()) for name, _, value in pairs if name.strip()])


def _body(status: int, headers: httpx.Headers, rest: bytes) -> tuple[bytes, bytes, bool]:
    """The body, what follows it, and whether all of it has come (RFC 9112 §6.3)."""
    if status in (101, 204, 304):
        return b"", rest, True
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return _chunks(rest)
    length = headers.get("content-length", "")
    if not (length.isascii() and length.isdigit()) or len(length) > len(str(MAX_BYTES)):
        return rest, b"", False  # until the connection ends
    size = int(length)
    return rest[:size], rest[size:], len(rest) >= size


def _chunks(rest: bytes) -> tuple[bytes, bytes, bool]:
    body = bytearray()
    while True:
        line, separator, rest = rest.partition(b"\r\n")
        try:
            size = int(line.partition(b";")[0], 16)
        except ValueError:
            return bytes(body), b"", False
        if not separator or size < 0 or len(rest) < size + 2:
            return bytes(body + rest), b"", False
        body += rest[:size]
        rest = rest[size + 2 :]
        if size == 0:
            return bytes(body), rest, True
