"""A disk that is full loses log lines and nothing else."""

import io
import json

import pytest
from mcp_wire import LineWriter, LogStream


class FakeDisk(io.StringIO):
    """Takes nothing while it is full, and keeps what it takes in memory while it is stuck."""

    full = False
    stuck = False

    def flush(self) -> None:
        if self.stuck:
            raise OSError(28, "No space left on device")
        super().flush()

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
    assert json.loads(told)["lines"] == 2


@pytest.mark.covers("F18")
@pytest.mark.parametrize("refuses", ["write", "flush"])
def test_of_lines_that_are_written_together_each_is_counted(refuses: str) -> None:
    disk = FakeDisk()
    log = LogStream(disk)
    writer = LineWriter(log)
    setattr(disk, "full" if refuses == "write" else "stuck", True)
    writer.write(f"line {number}\n" for number in range(32))
    disk.full = disk.stuck = False
    writer.write(["next\n"])
    assert json.loads(disk.getvalue().splitlines()[-1])["lines"] == 32


@pytest.mark.covers("F18")
def test_nothing_is_told_where_nothing_was_lost() -> None:
    disk = FakeDisk()
    log = LogStream(disk)
    say(log, "first")
    say(log, "second")
    assert disk.getvalue() == "first\nsecond\n"
