"""Whether every port of the stack is free, asked before anything is started."""

import errno
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import psutil

from gateway.runner.errors import PortUnavailable
from gateway.runner.topology import LOOPBACK, edge_addresses, has_ipv6
from gateway.settings import Settings


@dataclass(frozen=True, slots=True)
class Wanted:
    """An address that a component will listen on, and the setting that moves it."""

    setting: str
    address: str
    port: int


def wanted_ports(settings: Settings) -> Iterator[Wanted]:
    """Everything that the stack listens on."""
    edge = [address for address in edge_addresses(settings, ipv6=has_ipv6()) if address]
    places = {"https_port": edge, "http_port": edge}
    for name, port in settings.ports():
        if name.startswith("keycloak_") and not settings.keycloak_is_ours:
            continue
        for address in places.get(name, [LOOPBACK]):
            yield Wanted(name, address, port)


def check_ports(wanted: Iterable[Wanted]) -> None:
    """Raises:
    PortUnavailable: one or more cannot be listened on; the text has a line for each.
    """
    trouble: dict[str, str] = {}
    for one in wanted:
        if one.setting not in trouble and (sentence := _trouble(one)):
            trouble[one.setting] = sentence
    if trouble:
        raise PortUnavailable("\n".join(dict.fromkeys(trouble.values())))


def _trouble(wanted: Wanted) -> str | None:
    family = socket.AF_INET6 if ":" in wanted.address else socket.AF_INET
    option = f"--{wanted.setting.replace('_', '-')}"
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As servers do: a port whose last connections are only being forgotten (TIME_WAIT) counts as free
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            probe.bind((wanted.address, wanted.port))
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                return f"BIND_ADDRESS: {wanted.address} is no address of this machine: set another one with --bind"
            reason = _reason(error, wanted.port)
            name = wanted.setting.upper()
            return f"port {wanted.port} on {wanted.address} {reason}: set another one with {option} or {name}"
    return None


def _reason(error: OSError, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"is in use{_holder(port)}"
    if error.errno == errno.EACCES:
        return "is not allowed to this user (ports below 1024 are the system's)"
    return f"cannot be used ({error.strerror})"


def _holder(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            listening = connection.status == psutil.CONN_LISTEN and connection.laddr
            if listening and listening.port == port and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:
        pass  # another user's process: the system does not say whose
    return ""
