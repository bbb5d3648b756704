"""`envoy/envoy.yaml` as text: a route and a cluster more, or one less of each."""

import re
from ipaddress import ip_address

from gateway.resources.blocks import Block, cut, find_block, insert_above
from gateway.resources.errors import CannotEdit
from gateway.resources.server import Server, Upstream

ROUTES_END = "              # ---- your own servers go above this line"
CLUSTERS_END = "  # ---- your own servers go above this line"
ROUTE_HEADS = ("              - { name: mcp-", "              - name: mcp-")
CLUSTER_HEADS = ("  - { name: mcp_", "  - name: mcp_")
EXT_AUTHZ_PER_ROUTE = "type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute"
UPSTREAM_TLS = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
PUBLIC_CAS = "/etc/ssl/certs/ca-certificates.crt"  # in Envoy's image and on Debian; the native runner moves it
OUR_CA = "/etc/envoy/certs/ca.crt"
CLIENT_CERTIFICATE = (
    "tls_certificate_sds_secret_configs: [{ name: gateway, sds_config: { path_config_source:"
    " { path: /etc/envoy/sds/gateway.yaml }, resource_api_version: V3 } }]"
)
# Whether it listens: other people's servers have no /health
TCP_HEALTH_CHECK = (
    "{ timeout: 2s, interval: 2s, no_traffic_healthy_interval: 2s, no_traffic_interval: 0.5s, unhealthy_interval: 0.5s,"
    " unhealthy_threshold: 2, healthy_threshold: 1,"
    " tcp_health_check: {} }"
)
ANCHOR = re.compile(r"[ \[]&([A-Za-z0-9_]+)")


def with_server(text: str, server: Server) -> str:
    """The configuration with a route and a cluster for `server`.

    Raises:
        CannotEdit: they are there already, or the lines above which they would be written are not.
    """
    if _block(text, ROUTE_HEADS, server.name) or _block(text, CLUSTER_HEADS, server.name):
        raise CannotEdit(f"envoy.yaml has a route or a cluster for {server.name!r} already")
    routed = _inserted(text, ROUTES_END, "\n".join(route(server)) + "\n")
    return _inserted(routed, CLUSTERS_END, "\n".join(cluster(server)) + "\n\n")


def without(text: str, name: str) -> str:
    """The configuration without the route and the cluster of `name`.

    Raises:
        CannotEdit: there is none, or others use what is written there.
    """
    for heads, what in ((ROUTE_HEADS, "route"), (CLUSTER_HEADS, "cluster")):
        block = _block(text, heads, name)
        if block is None:
            raise CannotEdit(f"envoy.yaml has no {what} for {name!r}")
        text = _cut(text, block, name)
    return text


def route(server: Server) -> list[str]:
    """The route. One path of the server is reached and no other, whatever follows /mcp/<name> in the request."""
    upstream = server.upstream
    rewrite = f'{{ pattern: {{ regex: "^/.*" }}, substitution: "{upstream.path}" }}'
    return [
        f"              - {{ name: mcp-{server.name}, match: {{ path_separated_prefix: {server.path} }},"
        # Origin goes as well: it was checked here already, against origins that the server does not know of
        " metadata: *limit_mcp, request_headers_to_remove: [authorization, cookie, origin],"
        " response_headers_to_remove: *never_downstream,",
        f'                  route: {{ cluster: mcp_{server.name}, host_rewrite_literal: "{upstream.authority}",'
        f" regex_rewrite: {rewrite}, timeout: 0s, idle_timeout: 900s, max_stream_duration: *an_hour,"
        " retry_policy: *safe_retry },",
        "                  typed_per_filter_config: { envoy.filters.http.cors: *mcp_cors, envoy.filters.http.ext_authz:"
        f' {{ "@type": {EXT_AUTHZ_PER_ROUTE}, check_settings: {{ context_extensions: {{ resource: {server.name} }} }}'
        " } } }",
    ]


def cluster(server: Server) -> list[str]:
    """The cluster. LOGICAL_DNS keeps to one address of a name, as a server with sessions in memory needs."""
    upstream, name = server.upstream, f"mcp_{server.name}"
    address = f'socket_address: {{ address: "{upstream.host}", port_value: {upstream.port} }}'
    return [
        f"  - {{ name: {name}, type: LOGICAL_DNS, dns_lookup_family: V4_PREFERRED, connect_timeout: 5s,"
        " common_lb_config: *only_healthy, circuit_breakers: *breakers,",
        f"      health_checks: [{TCP_HEALTH_CHECK}],",
        *_transport_socket(upstream),
        f"      load_assignment: {{ cluster_name: {name}, endpoints: [{{ lb_endpoints: [{{ endpoint:"
        f" {{ address: {{ {address} }} }} }}] }}] }} }}",
    ]


def _transport_socket(upstream: Upstream) -> list[str]:
    """TLS to the server: its certificate must name the host, or any certificate of the CA would pass."""
    if not upstream.tls:
        return []
    name, is_address = _server_name(upstream)
    kind = "IP_ADDRESS" if is_address else "DNS"
    ca = OUR_CA if upstream.our_ca else PUBLIC_CAS
    validation = (
        f"validation_context: {{ trusted_ca: {{ filename: {ca} }}, match_typed_subject_alt_names:"
        f' [{{ san_type: {kind}, matcher: {{ exact: "{name}" }} }}] }}'
    )
    sni = "" if is_address else f'sni: "{name}", '  # RFC 6066 section 3: no literal addresses
    return [
        f'      transport_socket: {{ name: envoy.transport_sockets.tls, typed_config: {{ "@type": {UPSTREAM_TLS},',
        f"        {sni}common_tls_context: {{ tls_params: {{ tls_minimum_protocol_version: TLSv1_2,"
        " tls_maximum_protocol_version: TLSv1_3 },",
        *([f"          {CLIENT_CERTIFICATE},"] if upstream.mtls else []),
        f"          {validation} }} }} }},",
    ]


def _server_name(upstream: Upstream) -> tuple[str, bool]:
    try:
        return str(ip_address(upstream.host)), True
    except ValueError:
        return upstream.host, False


def _inserted(text: str, marker: str, block: str) -> str:
    edited = insert_above(text, marker, block)
    if edited is None:
        raise CannotEdit(f"envoy.yaml has lost the line {marker.strip()!r}, above which the new lines would be written")
    return edited


def _block(text: str, heads: tuple[str, ...], name: str) -> Block | None:
    return find_block(text.splitlines(), *(head + name for head in heads))


def _cut(text: str, block: Block, name: str) -> str:
    lines = text.splitlines()
    stands_alone = not lines[block.first - 1].strip() and not "".join(lines[block.last + 1 : block.last + 2]).strip()
    rest = cut(text, Block(block.first, block.last + 1) if stands_alone else block)
    for anchor in ANCHOR.findall("\n".join(lines[block.first : block.last + 1])):
        if re.search(rf"\*{anchor}\b", rest):
            raise CannotEdit(f"{name!r} cannot be removed from envoy.yaml: others use what it defines as &{anchor}")
    return rest
