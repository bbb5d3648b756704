"""One JSON line for each request that was answered: never a header, a query or a body, which may hold secrets."""

import sys
from collections.abc import Sequence
from json.encoder import encode_basestring_ascii as quoted
from typing import NamedTuple, TextIO

from mcp_wire import LineWriter, LogStream, Together, Utc


class Answered(NamedTuple):
    """``seconds`` is the time that it took, ``at`` when it was done, in nanoseconds since 1970."""

    request_id: str
    method: str
    path: str
    status: int
    seconds: float
    subject: str | None
    at: int


class AccessLog:
    """Writes to ``stream``, or where that is None to stdout, and nothing where ``level`` is above INFO.

    The lines read as structlog's do. They are written here because its processors take four times as long.
    """

    def __init__(self, level: str, stream: TextIO | None = None) -> None:
        self._says_requests = level in ("DEBUG", "INFO")
        self._says_health = level == "DEBUG"  # its checks come every few seconds, and would bury the calls
        self._lines = LineWriter(LogStream(sys.stdout if stream is None else stream))
        self._answered = Together(self._write)
        self._utc = Utc()

    def answered(self, done: Answered) -> None:
        """Told a moment later, with others."""
        if self._says_health or (self._says_requests and done.path != "/health"):
            self._answered.add(done)

    def tell(self) -> None:
        """Write what was not written yet."""
        self._answered.tell()

    def _write(self, answered: Sequence[Answered]) -> None:
        self._lines.write(self._line(one) for one in answered)

    def _line(self, done: Answered) -> str:
        level = "debug" if done.path == "/health" else "info"
        return (
            f'{{"method": {quoted(done.method)}, "path": {quoted(done.path)}, "status": {done.status}, '
            f'"ms": {done.seconds * 1000:.1f}, "subject": {"null" if done.subject is None else quoted(done.subject)}, '
            f'"event": "request", "request_id": {quoted(done.request_id)}, "level": "{level}", '
            f'"timestamp": "{self._utc.text(done.at)}"}}\n'
        )
