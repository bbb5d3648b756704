"""Who reaches whom: one network per hop, and outside only what is published (S10, S11)."""

import pytest

from tests.support.compose import compose, container_of, inspect, on_network
from tests.support.stack import Stack

PLACES = {
    "envoy": 8081,
    "ext-authz": 50051,
    "keycloak": 8080,
    "mcp-weather": 8000,
    "mcp-calculator": 8001,
}
REACHES = {
    "ext-authz": {"envoy", "ext-authz", "keycloak"},
    "mcp-weather": {"envoy", "mcp-weather"},
    "mcp-calculator": {"envoy", "mcp-calculator"},
}
CONNECT = """
import socket
from concurrent.futures import ThreadPoolExecutor
def reached(place):
    try:
        socket.create_connection(place, 2).close()
        return place[0]
    except OSError:
        return ''
with ThreadPoolExecutor() as at_once:  # a name that is not known there takes ten seconds to be so
    print(*at_once.map(reached, {places}.items()))
"""
SHAKE_HANDS = """
import ssl, socket, urllib.request
context = ssl.create_default_context(cafile='/looked-at/{ca}')
{client}
try:
    print(urllib.request.urlopen('https://mcp-weather:8000/health', context=context, timeout=5).status)
except OSError as error:
    print('refused', error)
"""


@pytest.mark.covers("S11", "D4")
@pytest.mark.parametrize("service", REACHES)
def test_a_service_reaches_only_its_neighbours(service: str) -> None:
    reached = compose("exec", "-T", service, "python", "-c", CONNECT.format(places=PLACES)).split()
    assert set(reached) == REACHES[service]


@pytest.mark.covers("S11", "K5", "O1", "G1", "G2", "G3")
def test_nothing_else_is_published_and_only_the_edge_to_everybody() -> None:
    published = {
        (service, port.split("/")[0], binding["HostIp"])
        for service in PLACES
        for port, bindings in inspect(container_of(service))["NetworkSettings"]["Ports"].items()
        for binding in bindings or []
    }
    to_everybody = {(service, port) for service, port, address in published if address in {"0.0.0.0", "::"}}
    to_this_machine = {(service, port) for service, port, address in published if address == "127.0.0.1"}
    assert to_everybody == {("envoy", "80"), ("envoy", "443")}
    assert to_this_machine == {("envoy", "8081"), ("keycloak", "8080"), ("ext-authz", "50051")}
    assert len(to_everybody) + len(to_this_machine) == len({(service, port) for service, port, _ in published})


@pytest.mark.covers("S11")
@pytest.mark.parametrize("service", ["ext-authz", "mcp-calculator"])
def test_who_has_no_business_outside_gets_no_answer_from_there(service: str) -> None:
    """mcp-weather does get one: it may be told to ask others about the weather."""
    code = CONNECT.format(places={"1.1.1.1": 443, "8.8.8.8": 443})
    assert compose("exec", "-T", service, "python", "-c", code).split() == []


@pytest.mark.covers("S10", "W1", "T4")
@pytest.mark.parametrize(
    ("volume", "client", "answer"),
    [
        ("envoy", "context.load_cert_chain('/looked-at/certs/gateway.crt', '/looked-at/certs/gateway.key')", "200"),
        ("envoy", "", "refused"),
        (
            "mcp-weather",
            "context.load_cert_chain('/looked-at/mcp-weather.crt', '/looked-at/mcp-weather.key')",
            "refused",
        ),
        ("ext-authz", "context.load_cert_chain('/looked-at/ext-authz.crt', '/looked-at/ext-authz.key')", "refused"),
    ],
    ids=["envoy", "nobody", "the-weather-server-itself", "the-authorizer"],
)
def test_the_weather_server_takes_envoy_and_nobody_else(stack: Stack, volume: str, client: str, answer: str) -> None:
    code = SHAKE_HANDS.format(ca="certs/ca.crt" if volume == "envoy" else "ca.crt", client=client)
    files = ("--user", "0", "--volume", f"mcp-gateway_{volume}-files:/looked-at:ro")
    assert on_network("weather", code, *files).split()[0] == answer
