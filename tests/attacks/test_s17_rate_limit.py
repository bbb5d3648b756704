"""S17: a hundred requests a minute and address, and nothing in a request makes one address into another."""

from collections.abc import Callable, Iterator
from itertools import count

import httpx
import pytest

from tests.attacks.classes import S17
from tests.attacks.registry import Attack
from tests.attacks.scripted import TOKEN, ScriptedGateway
from tests.support.runtime import await_taken_up, loads, rate_limit_layer, replace

AT_MOST = 160
"""A hundred, and what is refilled on a slow machine meanwhile."""

Request = Callable[[int], dict[str, object]]


def varying(**headers: str) -> Request:
    """The same request with these headers, whose {n} is another in each."""
    return lambda n: {"headers": {name.replace("_", "-"): value.format(n=n) for name, value in headers.items()}}


ROTATING: dict[str, Request] = {
    "X-Forwarded-For": varying(X_Forwarded_For="198.51.100.{n}"),
    "X-Forwarded-For as a list": varying(X_Forwarded_For="198.51.100.{n}, 203.0.113.{n}"),
    "X-Forwarded-For by IPv6": varying(X_Forwarded_For="2001:db8:{n}::1"),
    "Forwarded": varying(Forwarded="for=198.51.100.{n}"),
    "X-Real-IP": varying(X_Real_IP="198.51.100.{n}"),
    "True-Client-IP": varying(True_Client_IP="198.51.100.{n}"),
    "X-Envoy-External-Address": varying(X_Envoy_External_Address="198.51.100.{n}"),
    "X-Envoy-Internal": varying(X_Envoy_Internal="true"),
    "Host": varying(Host="host-{n}.example"),
    "User-Agent": varying(User_Agent="agent/{n}"),
    "made-up tokens": varying(Authorization="Bearer made-up-{n}"),
    "a good token": varying(Authorization=f"Bearer {TOKEN}"),
    "queries": lambda n: {"params": {"n": n}},
    "paths below the server": lambda n: {"url": f"/mcp/weather/{n}"},
    "both servers in turn": lambda n: {"url": ("/mcp/weather", "/mcp/calculator")[n % 2]},
    "methods in turn": lambda n: {"method": ("POST", "GET", "DELETE", "PUT")[n % 4]},
    "spellings of the path": lambda n: {"url": ("/mcp/weather", "//mcp//weather", "/mcp/./weather")[n % 3]},
    "a new connection for each": varying(Connection="close"),
}
ADDRESSES = (f"127.0.1.{n}" for n in count(1))


@pytest.fixture
def limited(gateway: ScriptedGateway) -> Iterator[ScriptedGateway]:
    switch(gateway, on=True)
    yield gateway
    switch(gateway, on=False)


def switch(gateway: ScriptedGateway, *, on: bool) -> None:
    settings = gateway.recording.settings
    admin = f"http://127.0.0.1:{settings.envoy_admin_port}"
    before = loads(admin)
    replace(settings.state_dir / "sds" / "runtime.yaml", rate_limit_layer(enabled=on))
    await_taken_up(admin, before)


def client_of(gateway: ScriptedGateway, address: str, **options: object) -> httpx.Client:
    port, trust = gateway.door
    transport = httpx.HTTPTransport(verify=trust, local_address=address, **options)  # type: ignore[arg-type]
    return httpx.Client(base_url=f"https://localhost:{port}", transport=transport, timeout=20)


def until_refused(client: httpx.Client, request: Request) -> tuple[int, httpx.Response]:
    """How many were let through before the first 429, and that."""
    for n in range(AT_MOST):
        answer = client.request(**({"method": "POST", "url": "/mcp/weather"} | request(n)))  # type: ignore[arg-type]
        if answer.status_code == 429:
            return n, answer
    raise AssertionError(f"{AT_MOST} requests and no 429")


def others_are_served(gateway: ScriptedGateway) -> None:
    with client_of(gateway, next(ADDRESSES)) as other:
        answer = other.get("/mcp/calculator", headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200


@pytest.mark.covers("S17", "S7", "G5")
@S17.each(S17.alike({f"101 requests with {name}": request for name, request in ROTATING.items()}, 429))
def test_one_address_has_one_bucket(limited: ScriptedGateway, attack: Attack) -> None:
    with client_of(limited, next(ADDRESSES)) as client:
        passed, refused = until_refused(client, attack.input)
        limited.received.clear()
        still = client.get("/mcp/calculator", headers={"Authorization": f"Bearer {TOKEN}"})
    assert passed >= 100
    assert refused.status_code in attack.answers
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.json()["error"]["code"] == -32005
    # A bucket refills, so that the next one may pass; a refused one reaches nobody.
    assert (still.status_code, len(limited.received)) in {(429, 0), (200, 1)}
    others_are_served(limited)


@pytest.mark.covers("S17")
@S17.add({"101 streams of one HTTP/2 connection": varying(X="{n}")}, 429)
def test_streams_share_the_bucket_of_their_connection(limited: ScriptedGateway, attack: Attack) -> None:
    with client_of(limited, next(ADDRESSES), http1=False, http2=True) as client:
        _, refused = until_refused(client, attack.input)
        assert refused.http_version == "HTTP/2"
    assert refused.status_code in attack.answers
    others_are_served(limited)


@pytest.mark.covers("S17", "G5")
@S17.add({"101 sign-ins": lambda _: {"url": "/realms/mcp-gateway/protocol/openid-connect/token"}}, 429)
def test_sign_in_has_a_smaller_bucket_of_its_own(limited: ScriptedGateway, attack: Attack) -> None:
    with client_of(limited, next(ADDRESSES)) as client:
        passed, refused = until_refused(client, attack.input)
        assert 60 <= passed < 100
        assert client.post("/mcp/weather").status_code == 401
    assert refused.status_code in attack.answers


@pytest.mark.covers("S17", "G5")
@S17.add({"11 registrations": lambda _: {"url": "/realms/mcp-gateway/clients-registrations/openid-connect"}}, 429)
def test_registration_has_the_smallest_bucket(limited: ScriptedGateway, attack: Attack) -> None:
    with client_of(limited, next(ADDRESSES)) as client:
        passed, refused = until_refused(client, attack.input)
    assert 10 <= passed < 20
    assert refused.status_code in attack.answers
    assert refused.headers["retry-after"] == "6"
