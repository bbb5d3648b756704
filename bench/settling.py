"""Brings Keycloak to where it is after hours of use: a Java process that has just started interprets what it compiles
later, and is slower by far, and with it whatever else runs on the same cores.

An introspection takes 3 ms of CPU after 20,000 of them, with the compilers still at work, and 1.6 ms from 40,000 on.
"""

import asyncio
from itertools import cycle, islice

import aiohttp
import uvloop

from bench.lab import Lab
from bench.load import Implausible
from bench.progress import say

AT_ONCE = 4
"""Few: it is to become warm, not to be tried."""


def settle(lab: Lab) -> None:
    """As many introspections as ``lab.plan`` says, of real tokens.

    Raises:
        Implausible: one was not answered, or not as of a token that is good.
    """
    say(f"Keycloak is asked about {lab.plan.settling:,} tokens, to become warm")
    url = f"{lab.keycloak_url}/realms/mcp-gateway/protocol/openid-connect/token/introspect"
    auth = aiohttp.BasicAuth("api-gateway", lab.stack.settings.keycloak_client_secret.get_secret_value())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_ask(url, auth, lab.tokens(), lab.plan.settling))


async def _ask(url: str, auth: aiohttp.BasicAuth, tokens: list[str], times: int) -> None:
    left, problems = islice(cycle(tokens), times), list[str]()

    async def ask() -> None:
        for token in left:
            async with session.post(url, data={"token": token}) as answer:
                if answer.status != 200 or not (await answer.json())["active"]:  # noqa: PLR2004 - HTTP's own
                    problems.append(f"an introspection was answered {answer.status}: {await answer.text()}")
                    return

    async with aiohttp.ClientSession(auth=auth) as session, asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(ask())
    if problems:
        raise Implausible(problems[0])
