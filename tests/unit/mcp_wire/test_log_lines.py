"""Log lines are written together: each once, in order, soon, and none cut or mixed with another process's."""

import io
from collections.abc import Callable
from select import PIPE_BUF

from mcp_wire import LineWriter, Together, Utc
from mcp_wire.together import BEHIND, TOGETHER


class FakeLater:
    """An event loop's ``call_later``, whose time comes when told to."""

    def __init__(self) -> None:
        self.calls: list[tuple[float, Callable[[], None]]] = []

    def time_comes(self) -> None:
        """Of the earliest call."""
        self.calls.sort(key=lambda call: call[0])
        self.calls.pop(0)[1]()

    def __call__(self, seconds: float, call: Callable[[], None]) -> None:
        assert seconds <= 0.1
        self.calls.append((seconds, call))


def kept() -> tuple[Together[int], FakeLater, list[list[int]]]:
    told: list[list[int]] = []
    later = FakeLater()
    return Together(lambda numbers: told.append(list(numbers)), later), later, told


def test_what_happens_is_told_a_moment_later_and_once() -> None:
    together, later, told = kept()
    together.add(1)
    together.add(2)
    assert (told, len(later.calls)) == ([], 1)
    later.time_comes()
    together.add(3)
    later.time_comes()
    together.tell()
    assert told == [[1, 2], [3]]


def test_many_do_not_wait_for_their_moment() -> None:
    together, later, told = kept()
    for number in range(TOGETHER):
        together.add(number)
    assert sorted(seconds for seconds, _ in later.calls)[0] == 0
    later.time_comes()
    assert [len(numbers) for numbers in told] == [TOGETHER]
    together.add(TOGETHER)
    later.time_comes()  # the moment of the first, which is told already
    together.tell()
    assert [number for numbers in told for number in numbers] == list(range(TOGETHER + 1))


def test_who_is_behind_can_tell() -> None:
    together, later, _ = kept()
    for number in range(BEHIND):
        assert not together.is_behind
        together.add(number)
    assert together.is_behind
    later.time_comes()
    assert not together.is_behind


def test_one_that_cannot_be_told_does_not_keep_the_next_from_it() -> None:
    def tell(numbers: object) -> None:
        told.append(numbers)
        raise OSError

    told: list[object] = []
    later = FakeLater()
    together: Together[int] = Together(tell, later)
    for number in (1, 2):
        together.add(number)
        try:
            later.time_comes()
        except OSError:
            continue
    assert told == [[1], [2]]


def test_each_of_a_thousand_lines_is_written_once_and_no_write_is_more_than_a_pipe_takes_whole() -> None:
    stream = FakeStream()
    lines = [f"{number:03}" * (1 + number % 300) + "\n" for number in range(1000)]
    LineWriter(stream).write(lines)
    assert stream.getvalue() == "".join(lines)
    assert max(len(text) for text in stream.flushed) <= PIPE_BUF
    assert all(text.endswith("\n") for text in stream.flushed)


class FakeStream(io.StringIO):
    """Keeps what was written between one flush and the next."""

    def __init__(self) -> None:
        super().__init__()
        self.flushed: list[str] = []

    def flush(self) -> None:
        self.flushed.append(self.getvalue()[sum(map(len, self.flushed)) :])


def test_a_time_is_written_to_the_microsecond_across_seconds() -> None:
    utc = Utc()
    assert [utc.text(at) for at in (0, 999_999_999, 1_000_000_000, 1_800_000_000_000_001_000)] == [
        "1970-01-01T00:00:00.000000Z",
        "1970-01-01T00:00:00.999999Z",
        "1970-01-01T00:00:01.000000Z",
        "2027-01-15T08:00:00.000001Z",
    ]
