"""Programs of other people come up or are missed, and are ended either way."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from bench.optional import Missing
from bench.processes import DidNotStart
from bench.tools import NotAvailable


@contextmanager
def _program(ended: list[str]) -> Iterator[str]:
    yield "it"
    ended.append("it")


def test_a_program_that_comes_up_stays_until_the_measurement_ends() -> None:
    ended: list[str] = []
    with ExitStack() as running:
        given = Missing().started("one", lambda own: own.enter_context(_program(ended)), running)
        assert (given, ended) == ("it", [])
    assert ended == ["it"]


def test_a_program_that_does_not_answer_as_it_must_is_ended_and_named() -> None:
    ended: list[str] = []
    missing = Missing()

    def start(own: ExitStack) -> str:
        own.enter_context(_Closing(ended))
        raise DidNotStart("it ended with 1\nits log")

    with ExitStack() as running:
        assert missing.started("one", start, running) is None
        assert ended == ["closed"]
    assert missing.failed == {"one": "it ended with 1"}


def test_what_cannot_be_had_here_is_no_failure() -> None:
    missing = Missing()

    def start(_: ExitStack) -> str:
        raise NotAvailable("go is missing")

    with ExitStack() as running:
        assert missing.started("one", start, running) is None
    assert (missing.not_available, missing.failed) == ({"one": "go is missing"}, {})


class _Closing:
    """A program as a context, which says when it is ended."""

    def __init__(self, ended: list[str]) -> None:
        self._ended = ended

    def __enter__(self) -> None:
        """Nothing to start."""

    def __exit__(self, *_: object) -> None:
        self._ended.append("closed")
