"""The authorizer's introspection client by itself, against a stand-in: CPU a call, and what of it is python-keycloak.

``python -m bench.introspection_client URL CALLS``: two lines, microseconds of CPU a call, through python-keycloak and
without it: the same HTTP client, the same form, the answer read as JSON. One call after the other, both by turns.
"""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable

import uvloop
from ext_authz.keycloak import KeycloakIntrospection
from ext_authz.keycloak_transport import KeycloakHttp

TURN = 100
"""Calls: short, so that whatever slows the machine meets both."""

TOKEN = "t" * 1000
SECRET = "a-secret-of-the-usual-length-00"  # noqa: S105 - the stand-in asks for none


async def main(url: str, calls: int) -> None:
    through = KeycloakIntrospection(url, "mcp-gateway", "api-gateway", SECRET)
    http = KeycloakHttp()
    form = {"client_id": "api-gateway", "token": TOKEN, "client_secret": SECRET}

    async def without() -> object:
        path = "/realms/mcp-gateway/protocol/openid-connect/token/introspect"
        return json.loads((await http.request("POST", url + path, data=form)).content)

    try:
        turns = [
            [await _cpu_us(ask) for ask in (lambda: through.introspect(TOKEN), without)] for _ in range(calls // TURN)
        ]
        for of_one in zip(*turns, strict=True):
            print(statistics.median(of_one))  # noqa: T201 - for the process that started this one
    finally:
        await through.aclose()
        await http.aclose()


async def _cpu_us(ask: Callable[[], Awaitable[object]]) -> float:
    begun = time.process_time()
    for _ in range(TURN):
        await ask()
    return (time.process_time() - begun) / TURN * 1e6


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(sys.argv[1], int(sys.argv[2])))
