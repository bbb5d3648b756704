"""S18: a flood of invalid tokens stops at the authorizer; Keycloak feels a few of them, other clients none."""

import base64
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil
import pytest

from tests.attacks.classes import S18
from tests.attacks.registry import Attack
from tests.attacks.scripted import TOKEN, ScriptedGateway, scripted_gateway
from tests.attacks.test_s17_rate_limit import client_of

PER_MINUTE = 30
FLOOD = 300
MEMORY_BYTES = 64 * 1024 * 1024

Headers = Callable[[int], dict[str, str]]


def jwt_like() -> str:
    return ".".join(base64.urlsafe_b64encode(secrets.token_bytes(60)).rstrip(b"=").decode() for _ in range(3))


FLOODS: dict[str, Headers] = {
    "random words": lambda _: {"Authorization": f"Bearer {secrets.token_hex(16)}"},
    "shaped like a JWT": lambda _: {"Authorization": f"Bearer {jwt_like()}"},
    "counting up": lambda n: {"Authorization": f"Bearer token-{n}"},
    "8,000 bytes each": lambda n: {"Authorization": f"Bearer {'a' * 8000}{n}"},
    "a good token with another letter": lambda n: {"Authorization": f"Bearer {TOKEN}{n}"},
    "from made-up addresses": lambda n: {
        "Authorization": f"Bearer {secrets.token_hex(16)}",
        "X-Forwarded-For": f"198.51.100.{n % 255}",
    },
}


@pytest.fixture(scope="module")
def flooded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedGateway]:
    """A gateway with the limit that ``make up`` has; the others of these tests have none."""
    folder = tmp_path_factory.mktemp("flooded")
    with scripted_gateway(folder, FAILED_INTROSPECTIONS_PER_MINUTE=str(PER_MINUTE)) as gateway:
        yield gateway


def flood(gateway: ScriptedGateway, address: str, headers: Headers, count: int = FLOOD) -> list[int]:
    def one(n: int) -> int:
        return client.post("/mcp/weather", headers=headers(n)).status_code

    with client_of(gateway, address) as client, ThreadPoolExecutor(8) as pool:
        return list(pool.map(one, range(count)))


@pytest.mark.covers("S18")
@S18.each(S18.alike({f"{FLOOD} tokens, {name}": headers for name, headers in FLOODS.items()}, 401, 429))
def test_keycloak_is_asked_about_a_few_of_them(flooded: ScriptedGateway, attack: Attack) -> None:
    flooded.forget()
    number = list(FLOODS.values()).index(attack.input)
    statuses = flood(flooded, f"127.0.2.{number + 1}", attack.input)
    assert set(statuses) <= attack.answers
    assert 429 in statuses
    # What is on its way when the limit is reached is let through (8 clients), and 30 a minute are given back
    assert len(flooded.asked) <= PER_MINUTE + 8 + PER_MINUTE
    assert flooded.received == []
    with client_of(flooded, f"127.0.3.{number + 1}") as other:
        good = {"Authorization": f"Bearer {flooded.token_for()}"}
        assert other.get("/mcp/calculator", headers=good).status_code == 200


@pytest.mark.covers("S18")
@S18.add({f"{FLOOD} times the same token": {"Authorization": "Bearer the-same"}}, 401, 429)
def test_a_token_that_was_refused_is_remembered(flooded: ScriptedGateway, attack: Attack) -> None:
    """For a second at most, so that Keycloak's verdict on a new token is not missed."""
    flooded.forget()
    statuses = flood(flooded, "127.0.2.100", lambda _: attack.input)
    assert set(statuses) <= attack.answers
    assert len(flooded.asked) <= PER_MINUTE
    assert flooded.received == []


@pytest.mark.covers("S18", "S9")
@S18.add({"3,000 tokens from one address": None}, 401, 429)
def test_the_memory_of_refusals_is_bounded(flooded: ScriptedGateway, attack: Attack) -> None:
    flooded.forget()
    authorizer = psutil.Process(flooded.authorizer.process.pid)
    flood(flooded, "127.0.2.101", FLOODS["8,000 bytes each"])
    before = authorizer.memory_info().rss
    for n in range(10):
        statuses = flood(flooded, "127.0.2.101", lambda k, n=n: {"Authorization": f"Bearer {'b' * 8000}{n}.{k}"})  # type: ignore[misc]
        assert set(statuses) <= attack.answers
    assert authorizer.memory_info().rss - before < MEMORY_BYTES


@pytest.mark.covers("S18")
@S18.add({"a good token from an address that floods": None}, 200, reaches="the call")
def test_a_token_that_was_good_stays_good_for_who_floods(flooded: ScriptedGateway, attack: Attack) -> None:
    """Behind one address may be many: who was let in before the flood stays in."""
    flooded.forget()
    with client_of(flooded, "127.0.2.102") as client:
        good = {"Authorization": f"Bearer {TOKEN}"}
        assert client.get("/mcp/calculator", headers=good).status_code == 200
        flood(flooded, "127.0.2.102", FLOODS["counting up"], 2 * PER_MINUTE)
        answer: httpx.Response = client.get("/mcp/calculator", headers=good)
    assert answer.status_code in attack.answers
