"""What the suite is run against: three servers, each alone and through the gateway."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass

from tests.conformance import fixture_server
from tests.conformance.proxy import Way
from tests.support.stack import Stack

ALONE, GATEWAY = "alone", "through the gateway"
WAYS = (ALONE, GATEWAY)


@dataclass(frozen=True)
class Server:
    """A server, by its name at the gateway, and the files that say what it is expected to fail on each way."""

    name: str
    scopes: tuple[str, ...]
    baselines: Mapping[str, tuple[str, ...]]


TOOLS, OURS = ("tools-only",), ("tools-only", "no-fixture-tools")
WEATHER = Server(
    "weather",
    ("mcp:weather", "mcp:weather:alerts"),
    {ALONE: (*OURS, "mutual-tls"), GATEWAY: OURS},
)
CALCULATOR = Server(
    "calculator",
    ("mcp:calculator", "mcp:calculator:scientific"),
    {ALONE: OURS, GATEWAY: OURS},
)
FIXTURE = Server(fixture_server.INFO.name, (fixture_server.SCOPE,), {ALONE: TOOLS, GATEWAY: TOOLS})
SERVERS = (WEATHER, CALCULATOR, FIXTURE)


def way_to(server: Server, way: str, stack: Stack, fixture_port: int) -> Way:
    if way == ALONE:
        # The gateway's own headers: without them a server takes nobody's call
        headers = {"X-User-Sub": "conformance", "X-User-Scopes": " ".join(server.scopes)}
        if server is WEATHER:
            return Way(f"https://localhost:{stack.settings.weather_port}/", headers, _as_envoy(stack))
        port = stack.settings.calculator_port if server is CALCULATOR else fixture_port
        return Way(f"http://localhost:{port}/", headers)
    token = stack.token(*server.scopes)
    return Way(f"{stack.url}/mcp/{server.name}", {"Authorization": f"Bearer {token}"}, stack.ca)


def _as_envoy(stack: Stack) -> ssl.SSLContext:
    """TLS as Envoy speaks it to the weather server, with Envoy's own certificate."""
    context = stack.ca
    certificates = stack.settings.certs_dir
    context.load_cert_chain(certificates / "gateway.crt", certificates / "gateway.key")
    return context
