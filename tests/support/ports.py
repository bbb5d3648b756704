"""Free TCP ports on loopback, for programs that cannot be told to pick one themselves."""

import random
import socket
from contextlib import ExitStack


def free_ports(count: int) -> list[int]:
    """``count`` different ports that nothing listened on just now. Held open together, so that none comes twice."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for candidate in sockets:
            candidate.bind(("127.0.0.1", 0))
        return [candidate.getsockname()[1] for candidate in sockets]


def ports_in_a_row(count: int) -> int:
    """The first of ``count`` that follow one another and were free just now.

    They are below those that the system gives to clients, so that none is taken by one before it is listened on.
    """
    while True:
        first = random.randrange(20_000, 30_000)
        with ExitStack() as held:
            try:
                for port in range(first, first + count):
                    held.enter_context(socket.create_server(("127.0.0.1", port)))
            except OSError:
                continue
            return first
