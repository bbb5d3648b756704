"""Many requests in one moment: connections are opened first, then everybody sends, and each answer is timed."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import uvloop

from bench.figures import percentile
from bench.sending import Post

DEADLINE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Burst:
    """``statuses`` counts answers by status."""

    statuses: dict[int, int]
    milliseconds: tuple[float, ...]

    def at(self, percent: float) -> float:
        return percentile(self.milliseconds, percent)


def calls(tokens: Sequence[str], body: Path) -> list[Post]:
    """One with each token, the same one as often as it is named."""
    sent = body.read_bytes()
    return [Post({"Authorization": f"Bearer {one}", "Content-Type": "application/json"}, sent) for one in tokens]


def burst(url: str, posts: Sequence[Post]) -> Burst:
    """All at once, each on a connection of its own."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        answers = runner.run(_burst(url, posts))
    statuses: dict[int, int] = {}
    for status, _ in answers:
        statuses[status] = statuses.get(status, 0) + 1
    return Burst(statuses, tuple(milliseconds for _, milliseconds in answers))


async def _burst(url: str, posts: Sequence[Post]) -> list[tuple[int, float]]:
    parts = urlsplit(url)
    go = asyncio.Event()
    connected = [await asyncio.open_connection(parts.hostname, parts.port) for _ in posts]
    asking = [
        asyncio.create_task(_ask(reader, writer, _request(url, post), go))
        for (reader, writer), post in zip(connected, posts, strict=True)
    ]
    go.set()
    async with asyncio.timeout(DEADLINE_SECONDS):
        return await asyncio.gather(*asking)


async def _ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes, go: asyncio.Event
) -> tuple[int, float]:
    await go.wait()
    begun = time.perf_counter()
    writer.write(request)
    status = int((await reader.readline()).split()[1])
    milliseconds = (time.perf_counter() - begun) * 1000
    writer.close()
    return status, milliseconds


def _request(url: str, post: Post) -> bytes:
    parts = urlsplit(url)
    headers = {"Host": parts.netloc, **post.headers, "Content-Length": str(len(post.body)), "Connection": "close"}
    lines = (f"POST {parts.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()))
    return "\r\n".join((*lines, "", "")).encode() + post.body
