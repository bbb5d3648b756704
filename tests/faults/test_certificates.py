"""Certificates renewed, replaced and expired in a gateway that serves (F15, F16).

Two loads at once: one over connections that are kept, as programs make it, and one with a connection, and so a
handshake, for each request. Whoever trusts ca.crt reads it when it connects.
"""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from gateway.certificates.files import CERTIFICATE_MODE, KEY_MODE
from gateway.certificates.leaves import leaves

from tests.support.faults import Findings, row_of, statuses
from tests.support.impostors import expired
from tests.support.load import NO_ANSWER, Load, steady_load, usual_mix
from tests.support.mcp import CALCULATOR, WEATHER, bearer, tool_call
from tests.support.stack import Stack, running_stack

START = "its start"
AT_ONCE = 8
"""More than the upstream connections that the steady load keeps, so that new ones are made to the weather server."""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One of its own: the shared one's certificates are not ours to spoil."""
    with running_stack(tmp_path_factory.mktemp("certificates")) as stack:
        yield stack


def shown(port: int, context: ssl.SSLContext) -> x509.Certificate:
    """The certificate that a new connection to ``port`` is shown."""
    with (
        socket.create_connection(("localhost", port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        return x509.load_der_x509_certificate(connection.getpeercert(binary_form=True) or b"")


def on_disk(gateway: Stack, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((gateway.settings.certs_dir / f"{name}.crt").read_bytes())


def as_envoy(gateway: Stack) -> ssl.SSLContext:
    context = gateway.ca
    certs = gateway.settings.certs_dir
    context.load_cert_chain(certs / "gateway.crt", certs / "gateway.key")
    return context


@contextmanager
def fresh_connections(gateway: Stack) -> Iterator[list[int]]:
    """``AT_ONCE`` clients that connect anew for every request; the statuses, 0 for no answer."""
    statuses: list[int] = []
    stop = threading.Event()
    headers, forecast = bearer(gateway.token()), tool_call("get_weather_forecast", location="Berlin")

    def ask() -> None:
        while not stop.is_set():
            try:
                with gateway.client() as client:
                    statuses.append(client.post(WEATHER, json=forecast, headers=headers).status_code)
            except httpx.TransportError:
                statuses.append(0)
            stop.wait(0.2)

    threads = [threading.Thread(target=ask) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    try:
        yield statuses
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)


def await_shown(gateway: Stack, within_s: float = 20) -> None:
    """Until the edge and the weather server show what is on disk."""
    for name, port in (("gateway", gateway.settings.https_port), ("mcp-weather", gateway.settings.weather_port)):
        until(partial(shows, gateway, name, port), within_s)


def shows(gateway: Stack, name: str, port: int) -> bool:
    return shown(port, as_envoy(gateway)) == on_disk(gateway, name)


def handshakes(gateway: Stack) -> int:
    """How many Envoy has made with the weather server."""
    text = httpx.get(f"{gateway.admin}/stats", params={"filter": r"^cluster.mcp_weather.ssl.handshake$"}).text
    return int(text.rsplit(":", 1)[1])


def assert_nothing_failed(load: Load, fresh: list[int]) -> None:
    assert load.unauthorized_allows() == []
    assert [(answer.status, answer.error, answer.body) for answer in load.good() if not answer.allowed] == []
    assert set(fresh) == {200}


@pytest.mark.timeout(400)
@pytest.mark.covers("F16", "T2", "T3")
def test_renewing_every_certificate_under_load_fails_no_request(gateway: Stack, findings: Findings) -> None:
    with (
        steady_load(gateway.ca, gateway.url, usual_mix(gateway)) as load,
        fresh_connections(gateway) as fresh,
    ):
        load.await_count(24)
        at, before = time.monotonic(), handshakes(gateway)
        for _ in range(3):
            serials = {name: on_disk(gateway, name).serial_number for name in ("gateway", "mcp-weather", "ext-authz")}
            assert gateway.cli("certs", "--renew").returncode == 0
            assert not [name for name, serial in serials.items() if on_disk(gateway, name).serial_number == serial]
            await_shown(gateway)
            load.await_count(72)
        assert handshakes(gateway) > before
    findings.rows.append(
        row_of(load, at, "F16", "every certificate renewed, three times", load.healed_after(at), START)
    )
    assert_nothing_failed(load, fresh)


@pytest.mark.timeout(400)
@pytest.mark.covers("F16", "T1")
def test_another_ca_takes_the_place_of_ours_under_load_and_no_request_fails(gateway: Stack, findings: Findings) -> None:
    """What was there before a step is connected to what is there after it: the components restart at the end only."""
    ca = gateway.settings.certs_dir / "ca.crt"
    first = ca.read_bytes()
    with fresh_connections(gateway) as fresh:
        for step in ("add", "use", "drop"):
            with steady_load(gateway.ca, gateway.url, usual_mix(gateway)) as load:
                load.await_count(24)
                at = time.monotonic()
                done = gateway.cli("certs", "--rotate-ca", step)
                assert done.returncode == 0, done.stderr
                await_shown(gateway)
                load.await_count(72)
            what = f"another CA: certs --rotate-ca {step}"
            findings.rows.append(row_of(load, at, "F16", what, load.healed_after(at), START))
            assert_nothing_failed(load, fresh)
    assert len(x509.load_pem_x509_certificates(ca.read_bytes())) == 1
    assert ca.read_bytes() != first
    restart(gateway, "ext-authz", "mcp-weather", "envoy")
    with steady_load(gateway.ca, gateway.url, usual_mix(gateway)) as load:
        load.await_good(within_s=60)  # Envoy looks at the authorizer and the servers anew
    assert load.unauthorized_allows() == []


@pytest.mark.timeout(400)
@pytest.mark.covers("F15", "S10")
@pytest.mark.parametrize(
    ("name", "shut"),
    [("mcp-weather", {WEATHER}), ("ext-authz", {WEATHER, CALCULATOR}), ("gateway", {WEATHER, CALCULATOR})],
)
def test_an_expired_certificate_is_refused_told_and_made_good_by_a_renewal(
    gateway: Stack, findings: Findings, name: str, shut: set[str]
) -> None:
    """``gateway``'s is also the one by which Envoy is known to the other two. The load looks at it, when it connects
    anew; who asks besides does not.
    """
    both, awaited = bearer(gateway.token()), {path: 503 if path in shut else 200 for path in ASKS}
    with steady_load(gateway.ca, gateway.url, usual_mix(gateway)) as load:
        load.await_good(within_s=60)
        at = time.monotonic()
        expire(gateway, name)
        until(lambda: answers(gateway, both) == awaited, within_s=60)
        assert [answers(gateway, both) for _ in range(5)] == [awaited] * 5
        until(lambda: named_as_down(gateway, HELD_BY[name]), within_s=20)
        assert gateway.cli("certs").returncode == 1
        over = time.monotonic()
        assert gateway.cli("certs", "--renew").returncode == 0
        load.await_good(within_s=60)
    healed = load.healed_after(over)
    findings.rows.append(row_of(load, at, "F15", f"{name}'s certificate expired", healed, "certs --renew was called"))
    assert load.unauthorized_allows() == []
    assert statuses(load, at, may_pass=True) <= {NO_ANSWER, 200, 503}
    assert statuses(load, at, may_pass=False) <= {NO_ANSWER, 401, 503}
    until(lambda: status(gateway, "/health") == 200, within_s=20)


ASKS = {CALCULATOR: tool_call("add", a=1, b=2), WEATHER: tool_call("get_weather_forecast", location="Berlin")}


def expire(gateway: Stack, name: str) -> None:
    """Whoever is connected must connect anew."""
    put(gateway.settings.certs_dir, name, datetime.now(UTC) - timedelta(seconds=1))
    for component in ("mcp-weather", "ext-authz"):
        gateway.kill(component)


def answers(gateway: Stack, headers: Mapping[str, str]) -> dict[str, int]:
    with gateway.client(verify=False) as client:
        return {path: client.post(path, json=ask, headers=headers).status_code for path, ask in ASKS.items()}


HELD_BY = {"mcp-weather": "mcp-weather", "ext-authz": "authorizer", "gateway": "envoy"}
"""The component that /health names."""


def named_as_down(gateway: Stack, component: str) -> bool:
    with gateway.client(verify=False) as client:
        told = client.get("/health").json()
    return component in told.get("down", ()) and told["components"][component] == "down"


def put(certs: Path, name: str, ends: datetime) -> None:
    """A certificate of our CA that is good until ``ends``, by renames, the key first."""
    leaf = next(leaf for leaf in leaves("localhost") if leaf.name == name)
    shown = expired(certs, leaf, ends)
    for kind, content, mode in (("key", shown.key, KEY_MODE), ("crt", shown.certificate, CERTIFICATE_MODE)):
        beside = certs / f".{name}.{kind}"
        beside.write_bytes(content)
        beside.chmod(mode)
        beside.replace(certs / f"{name}.{kind}")


def restart(gateway: Stack, *components: str) -> None:
    """Kill them, and wait until they are there again and all is well."""
    before = gateway.pids()
    for component in components:
        gateway.kill(component)
    until(lambda: all(gateway.pids().get(one) not in (None, before[one]) for one in components), within_s=60)
    until(lambda: status(gateway, "/health") == 200, within_s=60)


def until(condition: Callable[[], bool], within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"did not come about within {within_s} s"
        time.sleep(0.1)  # between two looks


def status(gateway: Stack, path: str) -> int:
    try:
        with gateway.client() as client:
            return client.get(path).status_code
    except httpx.TransportError:
        return 0
