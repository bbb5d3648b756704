"""The committed Envoy configuration, typed by envoy-data-plane: Envoy's API by other hands than ours."""

from functools import cache
from typing import Any

import yaml
from envoy_data_plane.envoy.extensions.filters.http.ext_authz.v3 import ExtAuthz
from envoy_data_plane.envoy.extensions.filters.http.local_ratelimit.v3 import LocalRateLimit
from envoy_data_plane.envoy.extensions.filters.network.http_connection_manager.v3 import HttpConnectionManager
from envoy_data_plane.envoy.extensions.retry.host.previous_hosts.v3 import (
    PreviousHostsPredicate as _PreviousHosts,  # noqa: F401 - its import makes the type known
)

from tests.support.stack import ROOT

Yaml = dict[str, Any]
EXT_AUTHZ = "envoy.filters.http.ext_authz"


@cache
def committed() -> Yaml:
    loaded: Yaml = yaml.safe_load((ROOT / "envoy/envoy.yaml").read_text(encoding="utf-8"))
    return loaded


@cache
def policy() -> Yaml:
    loaded: Yaml = yaml.safe_load((ROOT / "ext-authz/policy.yaml").read_text(encoding="utf-8"))
    return loaded


def connection_manager(listener: str) -> Yaml:
    found = next(entry for entry in committed()["static_resources"]["listeners"] if entry["name"] == listener)
    manager: Yaml = found["filter_chains"][0]["filters"][0]["typed_config"]
    return manager


def typed_connection_manager(listener: str) -> HttpConnectionManager:
    """Its plain settings; the parts that hold extensions are read on their own."""
    extensions = {
        "http_filters",
        "access_log",
        "local_reply_config",
        "early_header_mutation_extensions",
        "route_config",
    }
    plain = {name: value for name, value in connection_manager(listener).items() if name not in extensions}
    return HttpConnectionManager.from_dict(_untyped(plain))


def http_filters() -> dict[str, Yaml]:
    """The filters of the HTTPS listener in the order in which a request meets them."""
    return {entry["name"]: entry["typed_config"] for entry in connection_manager("https")["http_filters"]}


def ext_authz() -> ExtAuthz:
    return ExtAuthz.from_dict(_untyped(http_filters()[EXT_AUTHZ]))


def local_rate_limit() -> LocalRateLimit:
    return LocalRateLimit.from_dict(_untyped(http_filters()["envoy.filters.http.local_ratelimit"]))


def routes(listener: str = "https") -> list[Yaml]:
    found: list[Yaml] = connection_manager(listener)["route_config"]["virtual_hosts"][0]["routes"]
    return found


def clusters() -> dict[str, Yaml]:
    return {cluster["name"]: cluster for cluster in committed()["static_resources"]["clusters"]}


def _untyped(message: Yaml) -> Yaml:
    return {name: value for name, value in message.items() if name != "@type"}
