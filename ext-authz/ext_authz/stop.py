"""What a process is told by signals: to stop in good order, or at once."""

import asyncio
import signal


class Stop:
    """``asked`` for by SIGTERM, and then nobody who sends requests should have to fail; ``at_once`` by one more.

    SIGINT is a person at a terminal, who does not want to wait: both.
    """

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.at_once = asyncio.Event()
        self.has_failed = False

    def listen(self) -> None:
        """To the signals of this process."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self.ask)
        loop.add_signal_handler(signal.SIGINT, self.now)

    def ask(self) -> None:
        (self.at_once if self.asked.is_set() else self.asked).set()

    def now(self) -> None:
        self.asked.set()
        self.at_once.set()

    def fail(self) -> None:
        """Nobody has asked, but it cannot go on."""
        self.has_failed = True
        self.now()
