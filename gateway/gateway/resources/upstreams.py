"""Where each resource's server is, read from Envoy's configuration as it is rendered for this machine."""

from collections.abc import Mapping
from typing import Any

from gateway.resources.checking import EXT_AUTHZ, routes
from gateway.resources.server import Upstream

Yaml = dict[str, Any]


def upstreams(bootstrap: Mapping[str, Any]) -> dict[str, Upstream]:
    """Each resource that a route names, with the server behind it."""
    clusters = {cluster["name"]: cluster for cluster in bootstrap["static_resources"]["clusters"]}
    found = {}
    for route in routes(dict(bootstrap)):
        settings = route.get("typed_per_filter_config", {}).get(EXT_AUTHZ, {}).get("check_settings", {})
        name = settings.get("context_extensions", {}).get("resource")
        if name and route.get("route", {}).get("cluster") in clusters:
            found[name] = _upstream(route["route"], clusters[route["route"]["cluster"]])
    return found


def _upstream(route: Yaml, cluster: Yaml) -> Upstream:
    endpoint = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]
    address = endpoint["address"]["socket_address"]
    tls = cluster.get("transport_socket", {}).get("typed_config", {}).get("common_tls_context")
    host = str(address["address"])
    # Our own two have theirs under /mcp/<name>/ stripped, others a path put in its place: either is a plain path
    path = str(route.get("regex_rewrite", {}).get("substitution", "/"))
    return Upstream(
        tls=tls is not None,
        host=host,
        port=int(address["port_value"]),
        path=path,
        authority=route.get("host_rewrite_literal", host),
        mtls=bool(tls and tls.get("tls_certificate_sds_secret_configs")),
        our_ca=bool(tls) and _is_ours(tls),
    )


def _is_ours(tls: Yaml) -> bool:
    """Secrets in files are of our CA; what names its own file of authorities says which."""
    trusted = tls.get("validation_context", {}).get("trusted_ca", {}).get("filename", "")
    return "validation_context_sds_secret_config" in tls or str(trusted).endswith("/ca.crt")
