"""Writes lines to a stream, so many together as a pipe takes whole."""

from collections.abc import Iterable
from typing import Protocol

TOGETHER_CHARACTERS = 4096
"""Workers share one pipe, and up to 4096 bytes (PIPE_BUF) are written to it whole: lines of two of them never mix. The
lines are ASCII."""


class Stream(Protocol):
    def write(self, text: str, /) -> int: ...
    def flush(self) -> None: ...


class LineWriter:
    """Nothing is dropped: where the reader is slow, writing waits for it."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def write(self, lines: Iterable[str]) -> None:
        """Each ends with its line break."""
        text = ""
        for line in lines:
            if len(text) + len(line) > TOGETHER_CHARACTERS:
                self._flush(text)
                text = ""
            text += line
        self._flush(text)

    def _flush(self, text: str) -> None:
        if text:
            self._stream.write(text)
            self._stream.flush()
