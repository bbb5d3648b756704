"""Writes lines to a stream at once or a moment later, so that a busy process makes one system call for many of them."""

from collections.abc import Callable
from typing import Protocol

FLUSH_SECONDS = 0.05
"""A line is written this long after it was made, at most. What a killed process can lose is this much of its log; one
that ends or crashes in Python writes all of it, as the interpreter closes its stdout."""

TOGETHER_CHARACTERS = 3072
"""What is flushed at once, at most. Workers share one pipe, and up to 4096 bytes (PIPE_BUF) are written to it whole:
lines of two of them never mix. The lines are ASCII."""


class Stream(Protocol):
    def write(self, text: str, /) -> int: ...
    def flush(self) -> None: ...


Later = Callable[[float, Callable[[], None]], object]
"""``call_later`` of an event loop."""


class LineWriter:
    """Nothing is dropped: where the reader is slow, writing waits for it (the stream's own buffer is 8 KiB)."""

    def __init__(self, stream: Stream, call_later: Later) -> None:
        self._stream = stream
        self._call_later = call_later
        self._is_due = False
        self._waiting = 0

    def write(self, line: str) -> None:
        """``line`` ends with its line break."""
        if self._waiting + len(line) > TOGETHER_CHARACTERS:
            self._flush_now()
        self._stream.write(line)
        self._waiting += len(line)
        if not self._is_due:
            self._is_due = True
            self._call_later(FLUSH_SECONDS, self._flush)

    def _flush(self) -> None:
        self._is_due = False
        self._flush_now()

    def _flush_now(self) -> None:
        self._waiting = 0
        self._stream.flush()
