"""A bucket of requests per client address (G5). The addresses are of the loopback range, which is all one machine."""

import json
from collections.abc import Iterator

import httpx
import pytest

from tests.support.mcp import WEATHER
from tests.support.stack import Stack

# Docker hands a client of this machine on from the bridge's own address, so all of them are one
ONE_ADDRESS = pytest.mark.native("behind a published port the loopback addresses are one; see compose/test_clients.py")


@pytest.fixture
def limited(stack: Stack) -> Iterator[Stack]:
    stack.rate_limit(enabled=True)
    yield stack
    stack.rate_limit(enabled=False)


def client_from(stack: Stack, address: str) -> httpx.Client:
    return stack.client(transport=httpx.HTTPTransport(verify=stack.ca, local_address=address))


def statuses(client: httpx.Client, path: str, count: int, **headers: str) -> list[int]:
    return [client.post(path, headers=headers).status_code for _ in range(count)]


@ONE_ADDRESS
@pytest.mark.covers("G5", "S17")
def test_a_client_over_its_hundred_is_answered_429_and_another_is_not(limited: Stack) -> None:
    with client_from(limited, "127.0.0.11") as greedy, client_from(limited, "127.0.0.12") as other:
        seen = statuses(greedy, WEATHER, 160)
        refused = greedy.post(WEATHER)
        assert other.post(WEATHER).status_code == 401
    assert seen[:100] == [401] * 100
    assert 429 in seen[100:]
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.headers["x-ratelimit-limit"].startswith("100")
    assert json.loads(refused.text)["error"]["code"] == -32005


@ONE_ADDRESS
@pytest.mark.covers("S17", "S7")
def test_a_made_up_forwarded_address_does_not_buy_another_bucket(limited: Stack) -> None:
    with client_from(limited, "127.0.0.13") as client:
        seen = [client.post(WEATHER, headers={"X-Forwarded-For": f"198.51.100.{n}"}).status_code for n in range(160)]
    assert 429 in seen


@ONE_ADDRESS
@pytest.mark.covers("G5")
def test_discovery_has_a_bucket_of_its_own(limited: Stack) -> None:
    with client_from(limited, "127.0.0.14") as client:
        assert 429 in statuses(client, WEATHER, 160)
        assert client.get("/.well-known/oauth-protected-resource/mcp/weather").status_code == 200


@pytest.mark.covers("G5", "S17")
def test_clients_by_ipv6_are_limited_too(limited: Stack) -> None:
    """Loopback is one IPv6 address, so that a /64 shares a bucket is shown in tests/config, by the mask's length."""
    with limited.client(base_url=f"https://[::1]:{limited.settings.https_port}") as client:
        assert 429 in statuses(client, WEATHER, 160)
