"""Clients that take their time: each sends an authorized request byte by byte, over some seconds, again and again."""

import asyncio
import json
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.support.mcp import CALCULATOR, tool_call

PIECE = 8
PAUSE_S = 0.4


@contextmanager
def slow_clients(ca: ssl.SSLContext, port: int, token: Callable[[], str], *, count: int) -> Iterator[Counter[int]]:
    """How they were answered: status → how often; 0 where the connection ended without an answer."""
    answers, stop = Counter[int](), threading.Event()

    async def client() -> None:
        while not stop.is_set():
            answers[await _call(ca, port, token(), stop)] += 1

    async def all_of_them() -> None:
        await asyncio.gather(*(client() for _ in range(count)))

    thread = threading.Thread(target=lambda: asyncio.run(all_of_them()), name="slow-clients")
    thread.start()
    try:
        yield answers
    finally:
        stop.set()
        thread.join(60)


async def _call(ca: ssl.SSLContext, port: int, token: str, stop: threading.Event) -> int:
    body = json.dumps(tool_call("add", a=1, b=2)).encode()
    head = (
        f"POST {CALCULATOR} HTTP/1.1\r\nHost: localhost:{port}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    try:
        reader, writer = await asyncio.open_connection("localhost", port, ssl=ca)
        writer.write(head.encode())
        for start in range(0, len(body), PIECE):
            writer.write(body[start : start + PIECE])
            await writer.drain()
            await asyncio.sleep(0 if stop.is_set() else PAUSE_S)
        line = await reader.readline()
        await reader.read()
        writer.close()
        return int(line.split()[1])
    except (OSError, IndexError, ValueError):
        return 0
