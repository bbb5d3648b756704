"""Sends many requests, a bounded number at a time, where each has to succeed: for what goes before a measurement."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import aiohttp
import uvloop

from bench.load import Implausible

SUCCESS = 200


@dataclass(frozen=True, slots=True)
class Post:
    headers: Mapping[str, str]
    body: bytes


def send_all(
    url: str, posts: Iterable[Post], *, at_once: int, is_good: Callable[[bytes], bool] = lambda _: True
) -> None:
    """POSTs each once; ``is_good`` says of an answer's body what its status does not.

    Raises:
        Implausible: an answer was not 200, or not good. Nothing more is sent then.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_send_all(url, iter(posts), at_once, is_good))


async def _send_all(url: str, left: Iterator[Post], at_once: int, is_good: Callable[[bytes], bool]) -> None:
    problems: list[str] = []

    async def send() -> None:
        for post in left:
            if problems:
                return
            async with session.post(url, data=post.body, headers=post.headers) as answer:
                body = await answer.read()
                if answer.status != SUCCESS or not is_good(body):
                    problems.append(f"{url} answered {answer.status}: {body[:200]!r}")

    connector = aiohttp.TCPConnector(limit=at_once)
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(send())
    if problems:
        raise Implausible(problems[0])
