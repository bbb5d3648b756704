"""Envoys to measure with: one listener for each way of authorizing, all else alike, in one process with one worker.

The ``ext_authz`` filter, its settings for a route, and the connection to our authorizer are those of the committed
``envoy/envoy.yaml``. What differs between two listeners is only who is asked.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from gateway.runner.envoy import envoy_binary
from gateway.runner.topology import render
from gateway.settings import Settings

from bench.processes import Started, answers, started
from tests.support.ports import free_ports

Yaml = dict[str, Any]
HCM = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
HTTP2 = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
ANSWER = '{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"3"}],"isError":false}}'
OPTIONS = ("--disable-hot-restart", "--concurrency", "1", "--log-level", "error")
RESOURCE = "calculator"
PATH = f"/mcp/{RESOURCE}"


@dataclass(frozen=True)
class Door:
    """A listener: its filters before the router, and the clusters that they need."""

    filters: Sequence[Yaml] = ()
    clusters: Sequence[Yaml] = ()
    per_route: Mapping[str, Yaml] = field(default_factory=dict)


@contextmanager
def doors(wanted: Mapping[str, Door], upstream: int, folder: Path) -> Iterator[tuple[Started, dict[str, str]]]:
    """One Envoy with all of them, each in front of the server on ``upstream``. Gives each one's URL."""
    ports = free_ports(len(wanted) + 1)
    listeners = [_listener(name, ports[index], _proxying(door)) for index, (name, door) in enumerate(wanted.items())]
    clusters = [plain_cluster("upstream", upstream), *(one for door in wanted.values() for one in door.clusters)]
    with _envoy("doors", listeners, clusters, ports[-1], folder) as process:
        yield process, {name: f"http://127.0.0.1:{ports[index]}{PATH}" for index, name in enumerate(wanted)}


@contextmanager
def answering(folder: Path) -> Iterator[tuple[Started, int]]:
    """A server that answers everything at once, so that it is never what limits. Gives its port."""
    port, admin = free_ports(2)
    body = {"status": 200, "body": {"inline_string": ANSWER}}
    json = {
        "header": {"key": "content-type", "value": "application/json"},
        "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
    }
    route = {"match": {"prefix": "/"}, "direct_response": body, "response_headers_to_add": [json]}
    with _envoy("upstream", [_listener("upstream", port, {"routes": [route], "filters": []})], [], admin, folder) as it:
        yield it, port


def asking(settings: Settings, cluster: Yaml) -> Door:
    """A door with the committed ``ext_authz`` filter that asks ``cluster``."""
    committed = next(one for one in _https_filters(settings) if one["name"] == "envoy.filters.http.ext_authz")
    asked = copy.deepcopy(committed)
    asked["typed_config"]["grpc_service"]["envoy_grpc"]["cluster_name"] = cluster["name"]
    return Door([asked], [cluster], {asked["name"]: _route_settings(settings)})


def our_cluster(settings: Settings, name: str, port: int, workers: int = 1) -> Yaml:
    """The committed connection to our authorizer (mutual TLS, health checks), to ``workers`` from ``port`` on."""
    committed = render(settings).bootstrap["static_resources"]["clusters"]
    cluster: Yaml = copy.deepcopy(next(one for one in committed if one["name"] == "ext_authz"))
    cluster["name"] = cluster["load_assignment"]["cluster_name"] = name
    group = cluster["load_assignment"]["endpoints"][0]
    group["lb_endpoints"] = [_at(group["lb_endpoints"][0], port + number) for number in range(workers)]
    return cluster


def plain_cluster(name: str, port: int, *, http2: bool = False) -> Yaml:
    """A server on loopback without TLS; gRPC needs HTTP/2."""
    options = {HTTP2: {"@type": f"type.googleapis.com/{HTTP2}", "explicit_http_config": {"http2_protocol_options": {}}}}
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    cluster: Yaml = {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "circuit_breakers": {
            "thresholds": [{"max_connections": 4096, "max_pending_requests": 4096, "max_requests": 4096}]
        },
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
    }
    return cluster | ({"typed_extension_protocol_options": options} if http2 else {})


def verifying(issuer: str, audience: str, keys: str, *, cache: bool) -> Door:
    """Envoy's own ``jwt_authn``: it knows signature, issuer, audience and times; no revocation, no tools."""
    provider: Yaml = {"issuer": issuer, "audiences": [audience], "local_jwks": {"inline_string": keys}}
    if cache:
        provider["jwt_cache_config"] = {"jwt_cache_size": 1000}
    authentication = "envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication"
    rules = [{"match": {"prefix": "/"}, "requires": {"provider_name": "realm"}}]
    config = {"@type": f"type.googleapis.com/{authentication}", "providers": {"realm": provider}, "rules": rules}
    return Door([{"name": "envoy.filters.http.jwt_authn", "typed_config": config}])


def _at(endpoint: Yaml, port: int) -> Yaml:
    moved = copy.deepcopy(endpoint)
    moved["endpoint"]["address"]["socket_address"]["port_value"] = port
    return moved


def _proxying(door: Door) -> Yaml:
    route: Yaml = {"match": {"prefix": "/"}, "route": {"cluster": "upstream", "timeout": "0s"}}
    if door.per_route:
        route["typed_per_filter_config"] = dict(door.per_route)
    return {"routes": [route], "filters": list(door.filters)}


def _listener(name: str, port: int, what: Yaml) -> Yaml:
    router = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
    manager = {
        "@type": f"type.googleapis.com/{HCM}",
        "stat_prefix": name,
        "http_filters": [*what["filters"], {"name": "envoy.filters.http.router", "typed_config": {"@type": router}}],
        "route_config": {"virtual_hosts": [{"name": name, "domains": ["*"], "routes": what["routes"]}]},
    }
    return {
        "name": name,
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "per_connection_buffer_limit_bytes": 1048576,
        "filter_chains": [
            {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
        ],
    }


@contextmanager
def _envoy(name: str, listeners: list[Yaml], clusters: list[Yaml], admin: int, folder: Path) -> Iterator[Started]:
    bootstrap = {
        "node": {"id": name, "cluster": "bench"},  # file secrets ask for a name
        "static_resources": {"listeners": listeners, "clusters": clusters},
        "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": admin}}},
    }
    file = folder / f"{name}-{admin}.yaml"
    file.write_text(yaml.safe_dump(bootstrap), encoding="utf-8")
    command = [envoy_binary(), "-c", file, *OPTIONS]
    with started(command, file.with_suffix(".log"), answers(f"http://127.0.0.1:{admin}/ready", 200)) as process:
        yield process


def _https_filters(settings: Settings) -> list[Yaml]:
    return list(_https_manager(settings)["http_filters"])


def _route_settings(settings: Settings) -> Yaml:
    routes = _https_manager(settings)["route_config"]["virtual_hosts"][0]["routes"]
    route = next(one for one in routes if one["name"] == f"mcp-{RESOURCE}")
    found: Yaml = route["typed_per_filter_config"]["envoy.filters.http.ext_authz"]
    return found


def _https_manager(settings: Settings) -> Yaml:
    listeners = render(settings).bootstrap["static_resources"]["listeners"]
    https = next(one for one in listeners if one["name"] == "https")
    manager: Yaml = https["filter_chains"][0]["filters"][0]["typed_config"]
    return manager
