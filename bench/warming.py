"""Brings each of many tokens to the gateway exactly once, a bounded number at a time."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import aiohttp
import uvloop

from bench.load import Implausible

AT_ONCE = 64


def warm(url: str, tokens: Sequence[str], body: Path) -> None:
    """One request for each token.

    Raises:
        Implausible: an answer was not 200.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_warm(url, tokens, body.read_bytes()))


async def _warm(url: str, tokens: Sequence[str], body: bytes) -> None:
    left = iter(tokens)
    connector = aiohttp.TCPConnector(limit=AT_ONCE)
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(_worker(session, url, left, body))


async def _worker(session: aiohttp.ClientSession, url: str, left: Iterator[str], body: bytes) -> None:
    for token in left:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        async with session.post(url, data=body, headers=headers) as answer:
            await answer.read()
            if answer.status != 200:  # noqa: PLR2004 - HTTP's own
                raise Implausible(f"a token was answered {answer.status}")
