"""What the gRPC server's thread and the event loop both use: nothing is lost, counted twice or torn between them."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from ext_authz.collectors import Counts, Distribution
from ext_authz.expiring_lru import ExpiringLru
from mcp_wire import Together

TIMES = 20_000


@pytest.fixture(autouse=True)
def threads_take_turns_all_the_time() -> Iterator[None]:
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def together(*works: Callable[[], object]) -> None:
    """Each in a thread of its own, from the same moment on; raises what one of them raised."""
    failures: list[Exception] = []
    start = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> None:
        start.wait()
        try:
            work()
        except Exception as failure:  # noqa: BLE001 - the test's own thread raises it
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def test_each_count_counts_and_the_figures_can_be_read_meanwhile() -> None:
    counts, seconds = Counts("c", "C.", ["name"]), Distribution("d", "D.", (0.5,))

    def count() -> None:
        for number in range(TIMES):
            counts.count("same")
            counts.count(str(number % 500))
            seconds.observe(number % 2)

    def read() -> None:
        for _ in range(200):
            for collector in (counts, seconds):
                list(collector.collect())

    together(count, count, read)
    (family,) = counts.collect()
    samples = {sample.labels["name"]: sample.value for sample in family.samples}
    assert samples["same"] == 2 * TIMES
    assert sum(samples.values()) == 4 * TIMES
    (histogram,) = seconds.collect()
    assert [(sample.labels.get("le"), sample.value) for sample in histogram.samples] == [
        ("0.5", TIMES),
        ("+Inf", 2 * TIMES),
        (None, 2 * TIMES),  # their number
        (None, TIMES),  # their sum, of as many ones as zeros
    ]


@pytest.mark.parametrize("counted", [Counts("c", "C.", ["name"]), Distribution("d", "D.", (0.5,))], ids=["c", "d"])
def test_nobody_counts_while_another_does(counted: Counts | Distribution) -> None:
    count = partial(counted.count, "name") if isinstance(counted, Counts) else partial(counted.observe, 1.0)
    counting = threading.Thread(target=count)
    with counted._lock:
        counting.start()
        counting.join(0.1)
        assert counting.is_alive()
    counting.join(10)
    assert not counting.is_alive()


def test_a_map_that_is_full_gives_what_was_put_or_nothing() -> None:
    entries: ExpiringLru[int, int] = ExpiringLru(8, time.monotonic)

    def put() -> None:
        for number in range(TIMES):
            entries.put(number % 16, number % 16, 60.0 if number % 3 else 1e-6)

    def look_up() -> None:
        for number in range(TIMES):
            assert entries.get(number % 16) in {None, number % 16}
            if number % 7 == 0:
                entries.drop(number % 16)

    together(put, put, look_up, look_up)
    assert len(entries) <= 8


def test_all_that_happened_is_told_once() -> None:
    told: list[int] = []
    asked: list[Callable[[], None]] = []
    happened: Together[int] = Together(told.extend, lambda _, call: asked.append(call))
    are_done = threading.Event()

    def add(first: int) -> None:
        for number in range(first, first + TIMES):
            happened.add(number)

    def tell() -> None:
        # As an event loop does: only what it was asked for.
        while not are_done.is_set() or asked:
            if asked:
                asked.pop(0)()

    telling = threading.Thread(target=tell)
    telling.start()
    together(partial(add, 0), partial(add, TIMES))
    are_done.set()
    telling.join()
    assert sorted(told) == list(range(2 * TIMES))
