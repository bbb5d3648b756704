"""A disk that is full loses log lines and nothing else."""

import io
import json

import pytest
from mcp_wire import LogStream


class FakeDisk(io.StringIO):
    """Takes nothing while it is full."""

    full = False

    def write(self, text: str) -> int:
        if self.full:
            raise OSError(28, "No space left on device")
        return super().write(text)


def say(log: LogStream, line: str) -> None:
    log.write(line + "\n")
    log.flush()


@pytest.mark.covers("F18")
def test_lines_are_lost_while_the_disk_is_full_and_their_number_is_told_when_it_is_not() -> None:
    disk = FakeDisk()
    log = LogStream(disk)
    say(log, "first")
    disk.full = True
    say(log, "lost")
    say(log, "lost too")
    disk.full = False
    say(log, "next")
    first, following, told = disk.getvalue().splitlines()
    assert (first, following) == ("first", "next")
    assert json.loads(told)["event"] == "log_lines_lost"
    assert json.loads(told)["lines"] >= 2


@pytest.mark.covers("F18")
def test_nothing_is_told_where_nothing_was_lost() -> None:
    disk = FakeDisk()
    log = LogStream(disk)
    say(log, "first")
    say(log, "second")
    assert disk.getvalue() == "first\nsecond\n"
