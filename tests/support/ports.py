"""Free TCP ports on loopback, for programs that cannot be told to pick one themselves.

They are below those that Linux, as it comes, gives to clients and to whoever asks for any port: a server of another
test does not take one before it is listened on. None is handed out twice within a while, and the processes of one test
run choose from different ranges.
"""

import os
import random
import socket
from collections import deque
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack

_FIRST, _RANGE, _RANGES = 20_000, 2_000, 6

_handed_out: deque[int] = deque(maxlen=500)


def free_ports(count: int) -> list[int]:
    """``count`` different ports that nothing listened on just now."""
    ours = _ours()
    return list(_drawn(lambda: random.sample(ours, count)))


def ports_in_a_row(count: int) -> int:
    """The first of ``count`` that follow one another and were free just now."""
    ours = _ours()

    def draw() -> range:
        first = random.choice(ours[:-count])
        return range(first, first + count)

    return _drawn(draw)[0]


def _drawn(draw: Callable[[], Sequence[int]]) -> Sequence[int]:
    """The first draw of which all are free."""
    while not _are_free(ports := draw()):
        pass
    _handed_out.extend(ports)
    return ports


def _ours() -> range:
    worker = os.environ.get("PYTEST_XDIST_WORKER")  # "gw0", "gw1" and so on, where one run has several processes
    number = int(worker.removeprefix("gw")) if worker else os.getpid()
    first = _FIRST + number % _RANGES * _RANGE
    return range(first, first + _RANGE)


def _are_free(ports: Collection[int]) -> bool:
    if not set(_handed_out).isdisjoint(ports):
        return False
    with ExitStack() as held:
        try:
            for port in ports:
                held.enter_context(socket.create_server(("127.0.0.1", port)))
        except OSError:
            return False
        return True
