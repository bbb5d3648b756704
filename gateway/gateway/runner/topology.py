"""The committed Envoy configuration, moved to this machine: other addresses, ports, file paths and public host only.

There is one topology (`envoy/envoy.yaml`). What a request meets natively is what it meets in containers, so nothing but
the places is changed here, and the authorizer has a place for each of its workers;
`tests/config/test_native_runner_changes_nothing_else.py` compares the two leaf by leaf.
"""

import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import certifi
import yaml

from gateway.runner.private_files import private_directory
from gateway.settings import DEFAULT_PORTS, Settings

COMMITTED_ORIGIN = "https://localhost"
LOOPBACK = "127.0.0.1"
AUTHORIZER = "ext_authz"  # the cluster
PUBLIC_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"  # in Envoy's image, and on Debian
# A browser asks `localhost` by either family, so the edge listens on both where both are meant
SIBLINGS = {"127.0.0.1": "::1", "::1": "127.0.0.1", "0.0.0.0": "::", "::": "0.0.0.0"}  # noqa: S104 - only if asked for
# libyaml's take a tenth of the time, at each start; PyYAML is without them where it was built without libyaml
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

Leaf = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Rendered:
    """Files for `STATE_DIR`: the bootstrap, and the file secrets that it names."""

    bootstrap: Mapping[str, Any]
    secrets: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Listens:
    """Where one listener listens: an address, its sibling of the other family where there is one, and a port."""

    address: str
    sibling: str | None
    port: int


def write_topology(settings: Settings) -> Path:
    """Renders the committed configuration into the state directory; returns the path of the bootstrap."""
    rendered = render(settings, ipv6=has_ipv6())
    secrets = private_directory(settings.state_dir) / "sds"
    secrets.mkdir(exist_ok=True)
    for name, content in rendered.secrets.items():
        _write(secrets / name, content)
    bootstrap = settings.state_dir / "envoy.yaml"
    _write(bootstrap, rendered.bootstrap)
    return bootstrap


def render(settings: Settings, *, ipv6: bool = True) -> Rendered:
    """The configuration for these settings; reads the committed files and writes nothing."""
    folder = settings.home / "envoy"
    committed = at_origin(_load(folder / "envoy.yaml"), settings.origin)
    bootstrap = _leaves(committed, lambda leaf: _moved(leaf, settings))
    resources = bootstrap["static_resources"]
    for listener in resources["listeners"]:
        _listen(listener, _listens(settings, ipv6)[listener["name"]])
    upstreams = _upstreams(settings)
    for cluster in resources["clusters"]:
        if cluster["name"] in upstreams:  # others are the user's own servers, which are where they are
            _point(cluster, *upstreams[cluster["name"]])
    _one_endpoint_each(bootstrap, settings.ext_authz_workers)
    bootstrap["admin"]["address"]["socket_address"] |= {"address": LOOPBACK, "port_value": settings.envoy_admin_port}
    secrets = {
        path.name: _leaves(_load(path), lambda leaf: _moved(leaf, settings))
        for path in sorted((folder / "sds").glob("*.yaml"))
    }
    return Rendered(bootstrap, secrets)


def at_origin(bootstrap: Any, origin: str) -> Any:
    """`bootstrap` for another public host: redirects and the gateway's own origin name `origin`, all else stays."""
    moved = _leaves(bootstrap, lambda leaf: origin if leaf == COMMITTED_ORIGIN else leaf)
    _redirect(moved["static_resources"]["listeners"], origin)
    return moved


def for_workers(bootstrap: Any, workers: int) -> Any:
    """`bootstrap` for an authorizer of so many processes, each with a port of its own; all else stays."""
    more = _leaves(bootstrap, lambda leaf: leaf)
    _one_endpoint_each(more, workers)
    return more


def has_ipv6() -> bool:
    """Whether this machine has an IPv6 loopback; Envoy would not start with an address that it cannot listen on."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@cache
def public_authorities() -> Path:
    """The certification authorities that this machine trusts; where it keeps none in a file, Mozilla's."""
    known = ssl.get_default_verify_paths().cafile or PUBLIC_AUTHORITIES
    return Path(known) if Path(known).exists() else Path(certifi.where())


def edge_addresses(settings: Settings, *, ipv6: bool) -> tuple[str, str | None]:
    """The address that clients reach, and the same of the other family where that is usable."""
    sibling = SIBLINGS.get(settings.bind_address)
    return settings.bind_address, sibling if sibling and (ipv6 or ":" not in sibling) else None


def _listens(settings: Settings, ipv6: bool) -> Mapping[str, Listens]:
    address, sibling = edge_addresses(settings, ipv6=ipv6)
    return {
        "http": Listens(address, sibling, settings.http_port),
        "https": Listens(address, sibling, settings.https_port),
        # Whatever was asked for: it asks nobody for a password, and only believes the Host that it is sent
        "dashboard": Listens(LOOPBACK, None, settings.dashboard_port),
    }


def _upstreams(settings: Settings) -> Mapping[str, tuple[str, int]]:
    return {
        AUTHORIZER: (LOOPBACK, settings.authz_port),
        "ext_authz_http": (LOOPBACK, settings.authz_http_port),
        "mcp_weather": (LOOPBACK, settings.weather_port),
        "mcp_calculator": (LOOPBACK, settings.calculator_port),
        "keycloak": settings.keycloak_address,
        "admin": (LOOPBACK, settings.envoy_admin_port),
    }


def _listen(listener: dict[str, Any], listens: Listens) -> None:
    listener["address"]["socket_address"] |= {"address": listens.address, "port_value": listens.port}
    for more in listener.get("additional_addresses", []):
        more["address"]["socket_address"] |= {"address": listens.sibling, "port_value": listens.port}
    if listens.sibling is None:
        listener.pop("additional_addresses", None)


def _point(cluster: dict[str, Any], address: str, port: int) -> None:
    for group in cluster["load_assignment"]["endpoints"]:
        for host in group["lb_endpoints"]:
            host["endpoint"]["address"]["socket_address"] |= {"address": address, "port_value": port}


def _one_endpoint_each(bootstrap: dict[str, Any], workers: int) -> None:
    """Envoy balances requests over endpoints, and connections it makes few: each worker is an endpoint (ADR 11)."""
    for cluster in bootstrap["static_resources"]["clusters"]:
        if cluster["name"] == AUTHORIZER:
            (group,) = cluster["load_assignment"]["endpoints"]
            (first,) = group["lb_endpoints"]
            group["lb_endpoints"] = [_counted_on(first, number) for number in range(workers)]


def _counted_on(host: Any, number: int) -> Any:
    copy = _leaves(host, lambda leaf: leaf)
    copy["endpoint"]["address"]["socket_address"]["port_value"] += number
    return copy


def _redirect(node: Any, origin: str) -> None:
    """Every redirect that names a host names the public one."""
    parts = urlsplit(origin)
    if isinstance(node, dict):
        if "host_redirect" in node:
            node["host_redirect"] = f"[{parts.hostname}]" if ":" in str(parts.hostname) else parts.hostname
            node["port_redirect"] = parts.port or DEFAULT_PORTS[parts.scheme]
        node = list(node.values())
    for child in node if isinstance(node, list) else []:
        _redirect(child, origin)


def _moved(leaf: Any, settings: Settings) -> Any:
    places = {
        "/etc/envoy/certs": settings.certs_dir,
        "/etc/envoy/sds": settings.state_dir / "sds",
        "/etc/envoy": settings.home / "envoy",
        PUBLIC_AUTHORITIES: public_authorities(),
    }
    for committed, here in places.items():
        if isinstance(leaf, str) and (leaf == committed or leaf.startswith(f"{committed}/")):
            return str(here) + leaf.removeprefix(committed)
    return leaf


def _leaves(node: Any, change: Leaf) -> Any:
    if isinstance(node, dict):
        return {key: _leaves(value, change) for key, value in node.items()}
    if isinstance(node, list):
        return [_leaves(value, change) for value in node]
    return change(node)


def _load(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)  # noqa: S506 - a safe one


def _write(path: Path, content: Mapping[str, Any]) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(yaml.dump(content, Dumper=DUMPER, sort_keys=False, width=120), encoding="utf-8")
    fresh.replace(path)
