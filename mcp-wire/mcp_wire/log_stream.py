"""Where log lines go: a disk that is full must change no decision and fail no call."""

import io
import json
from typing import TextIO


class LogStream(io.TextIOBase):
    """Hands lines on to ``stream``. What it does not take is lost; how much is written when it takes lines again."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._unflushed, self._lost = 0, 0

    def write(self, text: str) -> int:
        """Never raises OSError."""
        self._unflushed += text.count("\n")
        try:
            self._stream.write(text)
        except OSError:
            self._lose()
        return len(text)

    def flush(self) -> None:
        """Never raises OSError. A line that cannot be flushed counts as lost, though a part may come later."""
        try:
            self._stream.flush()
            self._unflushed = 0
            if self._lost:
                told = {"service": "log", "event": "log_lines_lost", "lines": self._lost}
                self._stream.write(json.dumps(told) + "\n")
                self._stream.flush()
                self._lost = 0
        except OSError:
            self._lose()

    def _lose(self) -> None:
        self._lost += self._unflushed
        self._unflushed = 0
