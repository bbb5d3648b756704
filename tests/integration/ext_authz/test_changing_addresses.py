"""Keycloak's name: not known yet, and then at another address (F17), as when a container is made anew."""

import socket
import time
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from ext_authz.keycloak_transport import KeycloakHttp, NoConnection, TransportError

from tests.support.behaviours import raw, serving

NAME = "keycloak.test"
WITHIN_S = 5


class FakeResolver(AbstractResolver):
    """Knows one name, or none while ``at`` is None."""

    at: str | None = None

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[ResolveResult]:
        if self.at is None or host != NAME:
            raise OSError("the name is not known")
        found = urlsplit(self.at)
        assert found.hostname
        assert found.port
        return [ResolveResult(hostname=host, host=found.hostname, port=found.port, family=family, proto=0, flags=0)]

    async def close(self) -> None:
        pass


@pytest.mark.covers("F17")
async def test_a_name_is_followed_from_nowhere_to_an_address_and_to_the_next() -> None:
    resolver = FakeResolver()
    url = f"http://{NAME}/"
    async with AsyncExitStack() as here, AsyncExitStack() as there:
        first = await here.enter_async_context(serving(raw(200, b"first")))
        second = await there.enter_async_context(serving(raw(200, b"second")))
        client = KeycloakHttp(resolver)
        there.push_async_callback(client.aclose)
        with pytest.raises(NoConnection):
            await client.request("GET", url)
        resolver.at = first
        assert (await client.request("GET", url)).content == b"first", "what was not found is not remembered"
        resolver.at = second
        await here.aclose()
        moved = time.monotonic()
        while True:
            try:
                assert (await client.request("GET", url)).content == b"second"
                break
            except TransportError:
                assert time.monotonic() - moved < WITHIN_S
