"""Whether the gateway answers, asked all the time."""

import threading
import time

import httpx

from tests.support.stack import Stack

ASK_EVERY_S = 0.02
WORTH_NOTING_S = 0.2


class Watching:
    """Asks the gateway without pause, and writes down for how long it did not answer, in seconds."""

    def __init__(self, stack: Stack) -> None:
        self.outages: list[float] = []
        self._stack = stack
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "Watching":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()

    def _watch(self) -> None:
        answered = time.monotonic()
        while not self._ending.wait(ASK_EVERY_S):
            try:
                httpx.get(f"{self._stack.url}/health", verify=self._stack.ca, timeout=5)
            except httpx.HTTPError:
                continue
            if (now := time.monotonic()) - answered > WORTH_NOTING_S:
                self.outages.append(now - answered)
            answered = now
