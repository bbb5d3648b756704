"""S11: what is internal is not reachable: not through the door, not from another address, not by a page's request."""

import contextlib
import socket

import httpx
import psutil
import pytest

from tests.attacks.classes import S11
from tests.attacks.http1 import answer_of, exchange, request
from tests.attacks.registry import Answer, Attack
from tests.attacks.scripted import TOKEN, ScriptedGateway
from tests.attacks.served import ServedGateway
from tests.support.stack import Stack

THROUGH_THE_DOOR = {
    "Envoy: config_dump": "/config_dump",
    "Envoy: quitquitquit": "/quitquitquit",
    "Envoy: stats": "/stats",
    "Envoy: clusters": "/clusters",
    "authorizer: metrics": "/metrics",
    "authorizer: back-channel logout": "/backchannel-logout",
    "authorizer: its gRPC service": "/envoy.service.auth.v3.Authorization/Check",
    "authorizer: gRPC reflection": "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "Keycloak: administration": "/admin/realms/mcp-gateway/users",
    "Keycloak: administration console": "/admin/master/console/",
    "Keycloak: master realm": "/realms/master",
    "Keycloak: master realm's tokens": "/realms/master/protocol/openid-connect/token",
    "Keycloak: account": "/realms/mcp-gateway/account",
    "Keycloak: introspection": "/realms/mcp-gateway/protocol/openid-connect/token/introspect",
    "Keycloak: a registered client": "/realms/mcp-gateway/clients-registrations/openid-connect/abc",
    "Keycloak: device grant": "/realms/mcp-gateway/protocol/openid-connect/auth/device",
    "Keycloak: CIBA": "/realms/mcp-gateway/protocol/openid-connect/ext/ciba/auth",
    "Keycloak: pushed authorization": "/realms/mcp-gateway/protocol/openid-connect/ext/par/request",
    "Keycloak: a broker": "/realms/mcp-gateway/broker/evil/endpoint",
    "Keycloak: SAML": "/realms/mcp-gateway/protocol/saml",
    "Keycloak: health": "/health/ready",
    "a server's own health": "/mcp-weather/health",
}
ADMIN = {
    "shut down": ("POST", "/quitquitquit"),
    "fail health checks": ("POST", "/healthcheck/fail"),
    "change the runtime": ("POST", "/runtime_modify?rate_limit.enabled=0"),
    "change the logging": ("POST", "/logging?level=trace"),
    "drain the listeners": ("POST", "/drain_listeners"),
    "reset the counters": ("POST", "/reset_counters"),
    "read the configuration": ("GET", "/config_dump"),
    "read the memory profile": ("GET", "/heapprofiler"),
    "reopen the logs": ("POST", "/reopen_logs"),
}
INSIDE = {
    "the authorizer's gRPC": "authz_port",
    "the authorizer's HTTP": "authz_http_port",
    "the weather server": "weather_port",
    "the calculator": "calculator_port",
    "Keycloak": "keycloak_port",
    "Keycloak's management": "keycloak_management_port",
    "Envoy's admin interface": "envoy_admin_port",
}


@pytest.mark.covers("S11", "G8")
@S11.each(S11.alike({f"through the door, {name}": path for name, path in THROUGH_THE_DOOR.items()}, 404))
def test_the_door_leads_to_no_internal_interface(gateway: ScriptedGateway, attack: Attack) -> None:
    for method in (b"GET", b"POST"):
        sent = request(attack.input, token=TOKEN, method=method, body=b"" if method == b"GET" else b"{}")
        gateway.held(attack, answer_of(exchange(gateway.door, sent)))
    assert gateway.at_keycloak == []


@pytest.mark.covers("S11")
@S11.each(S11.alike({f"at the admin interface, {name}": asked for name, asked in ADMIN.items()}, 403))
def test_the_admin_interface_can_only_be_read(gateway: ScriptedGateway, attack: Attack) -> None:
    """Whoever makes a program of this machine send a request (a page, a server that fetches) comes from loopback."""
    method, path = attack.input
    port = gateway.recording.settings.envoy_admin_port
    gateway.held(attack, httpx.request(method, f"http://127.0.0.1:{port}{path}").status_code)


@pytest.mark.covers("S11", "S16")
@S11.add(
    {
        "a page that names its own host after the calculator": b"evil.example",
        "the same with a port": b"evil.example:8001",
        "a name that ends alike": b"evil.mcp-calculator",
        "no host": b"",
    },
    400,
    421,
)
def test_the_calculator_answers_to_its_own_name_only(
    served: ServedGateway, gateway: ScriptedGateway, attack: Attack
) -> None:
    """DNS rebinding: the browser sends the page's host (MCP 2025-11-25, "Security Warning")."""
    forged = request("/", b"X-User-Scopes: mcp:calculator", host=attack.input)
    with socket.create_connection(("127.0.0.1", served.gateway.settings.calculator_port), timeout=20) as plain:
        plain.sendall(forged)
        status = int(plain.makefile("rb").readline().split()[1])
    assert status in attack.answers


@pytest.mark.covers("S11")
@S11.each(S11.alike({f"from another address, {name}": port for name, port in INSIDE.items()}, "closed"))
def test_what_is_internal_listens_on_loopback_alone(stack: Stack, attack: Attack) -> None:
    port = getattr(stack.settings, attack.input)
    assert connected_from_outside(port) in attack.answers
    sockets = [one.laddr for one in psutil.net_connections("tcp") if one.status == psutil.CONN_LISTEN]
    listening = [one.ip for one in sockets if one and one.port == port]
    assert listening, "it does listen"
    assert {address.removeprefix("::ffff:") for address in listening} <= {"127.0.0.1", "::1"}


def connected_from_outside(port: int) -> Answer:
    """By each of this machine's addresses that others can reach."""
    families = (socket.AF_INET, socket.AF_INET6)
    addresses = [one.address for many in psutil.net_if_addrs().values() for one in many if one.family in families]
    for address in {one for one in addresses if not one.startswith(("127.", "::1", "fe80"))}:
        with contextlib.suppress(OSError), socket.create_connection((address, port), timeout=2):
            return 200
    return "closed"
