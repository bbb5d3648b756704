"""The time as log lines have it."""

import time


class Utc:
    """Writes times that follow one another: all but the microseconds is made once a second."""

    def __init__(self) -> None:
        self._second, self._text = -1, ""

    def text(self, at: int) -> str:
        """``at``, nanoseconds since 1970, by RFC 3339 in UTC."""
        second, nanoseconds = divmod(at, 1_000_000_000)
        if second != self._second:
            self._second, self._text = second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        return f"{self._text}.{nanoseconds // 1000:06}Z"
