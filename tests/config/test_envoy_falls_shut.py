"""The settings of envoy.yaml on which safety rests, read as typed messages (security settings and traps)."""

import re
from datetime import timedelta

import pytest
from envoy_data_plane.envoy.config.core.v3 import HttpProtocolOptionsHeadersWithUnderscoresAction
from envoy_data_plane.envoy.extensions.filters.network.http_connection_manager.v3 import (
    HttpConnectionManagerForwardClientCertDetails,
    HttpConnectionManagerPathWithEscapedSlashesAction,
)

from tests.support.topology import (
    EXT_AUTHZ,
    clusters,
    committed,
    connection_manager,
    ext_authz,
    http_filters,
    local_rate_limit,
    routes,
    typed_connection_manager,
)


@pytest.mark.covers("K2", "G4")
def test_an_authorizer_that_fails_closes_the_door() -> None:
    settings = ext_authz()
    assert settings.failure_mode_allow is False
    assert settings.status_on_error is not None
    assert settings.status_on_error.code == 503
    assert settings.validate_mutations is True
    assert settings.clear_route_cache is False
    assert settings.grpc_service is not None
    assert settings.grpc_service.timeout == timedelta(seconds=5)


@pytest.mark.covers("F3", "F20")
def test_a_slow_answer_of_the_authorizer_is_waited_for_and_not_asked_for_again() -> None:
    """Envoy gives each try of a gRPC service the longest pause between tries: there is no field of its own for it."""
    service = ext_authz().grpc_service
    assert service is not None
    assert service.retry_policy is not None
    assert service.retry_policy.retry_back_off is not None
    assert service.retry_policy.retry_back_off.max_interval == service.timeout


@pytest.mark.covers("S12", "S9")
def test_the_authorizer_sees_the_whole_body_or_the_request_is_refused() -> None:
    body = ext_authz().with_request_body
    assert body is not None
    assert (body.max_request_bytes, body.allow_partial_message, body.pack_as_bytes) == (1 << 20, False, True)


@pytest.mark.covers("S1", "A3")
def test_the_authorizer_can_write_identity_headers_only() -> None:
    rules = ext_authz().decoder_header_mutation_rules
    assert rules is not None
    assert rules.disallow_all is True
    assert rules.allow_expression is not None
    assert rules.allow_expression.regex == "x-user-(sub|email|scopes)|authorization"


@pytest.mark.covers("G4")
def test_cross_origin_comes_before_limits_and_limits_before_authorization() -> None:
    assert [name.rsplit(".", 1)[1] for name in http_filters()] == ["cors", "local_ratelimit", "ext_authz", "router"]


@pytest.mark.covers("G4", "G8")
def test_only_these_routes_skip_authorization() -> None:
    skipping = {
        route["name"]
        for route in routes()
        if route.get("typed_per_filter_config", {}).get(EXT_AUTHZ, {}).get("disabled")
    }
    assert skipping == {
        "well-known-below-a-resource",
        "health",
        "authorization-server-metadata",
        "keycloak-metadata",
        "no-other-metadata",
        "discovery",
        "registration",
        "keycloak-protocol",
        "keycloak-logout-confirm",
        "keycloak-login-actions",
        "keycloak-resources",
        "not-found",
    }


@pytest.mark.covers("S6", "S7", "S8", "S9")
def test_the_edge_trusts_nothing_that_a_client_says_of_itself() -> None:
    edge = typed_connection_manager("https")
    assert edge.use_remote_address is True
    assert edge.xff_num_trusted_hops == 0
    assert edge.forward_client_cert_details is HttpConnectionManagerForwardClientCertDetails.SANITIZE
    assert edge.normalize_path is True
    assert edge.merge_slashes is True
    reject = HttpConnectionManagerPathWithEscapedSlashesAction.REJECT_REQUEST
    assert edge.path_with_escaped_slashes_action is reject
    assert edge.upgrade_configs == []


@pytest.mark.covers("S1", "S9")
def test_the_edge_has_bounds_on_time_and_size() -> None:
    edge = typed_connection_manager("https")
    common = edge.common_http_protocol_options
    assert common is not None
    refuse = HttpProtocolOptionsHeadersWithUnderscoresAction.REJECT_REQUEST
    assert common.headers_with_underscores_action is refuse
    assert common.max_headers_count == 100
    assert common.idle_timeout == timedelta(minutes=5)
    assert edge.max_request_headers_kb == 32
    assert edge.request_headers_timeout == timedelta(seconds=10)
    assert edge.request_timeout == timedelta(seconds=30)
    assert edge.http2_protocol_options is not None
    assert edge.http2_protocol_options.max_concurrent_streams == 100
    monitors = {monitor["name"].rsplit(".", 1)[1] for monitor in committed()["overload_manager"]["resource_monitors"]}
    assert monitors == {"fixed_heap", "global_downstream_max_connections"}


@pytest.mark.covers("G5", "S17")
def test_the_mcp_bucket_is_a_hundred_a_minute_per_address_and_64_for_ipv6() -> None:
    limit = local_rate_limit()
    bucket = next(d.token_bucket for d in limit.descriptors if d.entries[0].value == "mcp")
    assert bucket is not None
    assert (bucket.max_tokens, bucket.tokens_per_fill) == (100, 100)
    assert bucket.fill_interval == timedelta(minutes=1)
    per_client = limit.rate_limits[0].actions[1].masked_remote_address
    assert per_client is not None
    assert (per_client.v4_prefix_mask_len, per_client.v6_prefix_mask_len) == (32, 64)
    assert limit.max_dynamic_descriptors == 10_000
    for share in (limit.filter_enabled, limit.filter_enforced):
        assert share is not None
        assert share.default_value is not None
        assert share.default_value.numerator == 100


@pytest.mark.covers("G5")
def test_sign_in_registration_and_discovery_have_buckets_of_their_own() -> None:
    buckets = {
        route["name"]: route["metadata"]["filter_metadata"]["gateway.rate_limit"]["bucket"]
        for route in routes()
        if "metadata" in route
    }
    known = {descriptor.entries[0].value for descriptor in local_rate_limit().descriptors}
    assert set(buckets.values()) == known == {"mcp", "discovery", "sign-in", "registration", "open"}
    assert buckets["mcp-weather"] == buckets["mcp-calculator"] == "mcp"
    assert buckets["keycloak-protocol"] == "sign-in"
    assert buckets["registration"] == "registration"


@pytest.mark.covers("R6", "M6")
def test_mcp_routes_drop_the_token_have_no_deadline_and_never_repeat_a_call() -> None:
    for route in (route for route in routes() if route["name"].startswith("mcp-")):
        assert "authorization" in route["request_headers_to_remove"]
        assert route["route"]["timeout"] == "0s"
        assert route["route"]["retry_policy"]["retry_on"] == "connect-failure,refused-stream"


@pytest.mark.covers("T4", "S10")
@pytest.mark.parametrize(("cluster", "name"), [("ext_authz", "ext-authz"), ("mcp_weather", "mcp-weather")])
def test_envoy_checks_the_name_of_whom_it_speaks_to(cluster: str, name: str) -> None:
    tls = clusters()[cluster]["transport_socket"]["typed_config"]
    assert tls["sni"] == name
    assert tls["max_session_keys"] == 0
    assert tls["common_tls_context"]["tls_certificate_sds_secret_configs"][0]["name"] == "gateway"
    assert tls["common_tls_context"]["validation_context_sds_secret_config"]["name"] == f"{name}-ca"


@pytest.mark.covers("S3", "S19")
def test_the_access_log_has_no_query_and_no_secret_header() -> None:
    log = connection_manager("https")["access_log"][0]["typed_config"]["log_format"]["json_format"]
    assert "'([^?#]*).*'" in log["path"], "neither a query nor a fragment"
    assert [value for value in log.values() if "%REQUEST_HEADER" in value] == [
        "%REQUEST_HEADER(X-REQUEST-ID)%",
        "%REQUEST_HEADER(:METHOD)%",
    ]


@pytest.mark.covers("S11", "S18")
def test_every_route_has_a_bucket_per_address() -> None:
    assert [route["name"] for route in routes() if "metadata" not in route] == []


@pytest.mark.covers("S9")
def test_streams_that_hold_most_memory_are_reset_before_everybody_is_refused() -> None:
    manager = committed()["overload_manager"]
    actions = {action["name"].rsplit(".", 1)[1]: action["triggers"][0] for action in manager["actions"]}
    reset, refuse = actions["reset_high_memory_stream"], actions["stop_accepting_requests"]
    assert reset["scaled"]["saturation_threshold"] < refuse["threshold"]["value"]
    assert manager["buffer_factory_config"]["minimum_account_to_track_power_of_two"] == 17


@pytest.mark.covers("S11")
def test_the_admin_interface_listens_on_loopback_and_can_only_be_read() -> None:
    admin = committed()["admin"]
    assert admin["address"]["socket_address"]["address"] == "127.0.0.1"
    [allowed] = admin["allow_paths"]
    pattern = re.compile(allowed["safe_regex"]["regex"])
    for path in ("/ready", "/clusters?format=json", "/stats/prometheus"):
        assert pattern.fullmatch(path)
    for path in (
        "/quitquitquit",
        "/runtime_modify?a=b",
        "/logging?http=trace",
        "/config_dump",
        "/stats/recentlookups/enable",
    ):
        assert not pattern.fullmatch(path)
    assert "admin_layer" not in str(committed()["layered_runtime"])


@pytest.mark.covers("S4", "S5", "S16")
def test_what_a_server_answers_says_nothing_for_the_gateway_and_ends_within_an_hour() -> None:
    mcp = [route for route in routes() if route["name"].startswith("mcp-")]
    assert len(mcp) == 2
    for route in mcp:
        unsaid = {"www-authenticate", "set-cookie", "clear-site-data", "alt-svc"}
        assert set(route["response_headers_to_remove"]) == unsaid, route["name"]
        assert route["route"]["max_stream_duration"] == {"max_stream_duration": "3600s"}


@pytest.mark.parametrize("name", ["ext_authz", "mcp_weather", "mcp_calculator", "keycloak"])
def test_what_was_away_is_seen_half_a_second_after_it_came_back_also_before_the_first_request(name: str) -> None:
    (check,) = clusters()[name]["health_checks"]
    assert check["unhealthy_interval"] == check["no_traffic_interval"] == "0.5s"
    assert check["healthy_threshold"] == 1
    assert check["interval"] == check["no_traffic_healthy_interval"]
    assert check["interval"] in {"1s", "2s"}
