"""What Envoy does by itself: redirect, headers, routes, limits of size, the dashboard (G1-G8)."""

import json

import httpx
import pytest

from tests.support.mcp import CALCULATOR, WEATHER, bearer, tool_call
from tests.support.recorder import OVERREACHING, RecordingGateway
from tests.support.stack import Stack

SECURITY_HEADERS = {
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
}


@pytest.mark.covers("G1", "R8", "S7")
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PUT", "OPTIONS"])
def test_plain_http_is_sent_to_https_by_308(stack: Stack, method: str) -> None:
    url = f"http://127.0.0.1:{stack.settings.http_port}/mcp/weather?a=b"
    answer = httpx.request(method, url, headers={"Host": "evil.example"})
    assert answer.status_code == 308
    assert (
        httpx.URL(answer.headers["location"]) == f"{stack.url}/mcp/weather?a=b"
    )  # with or without the scheme's own port


@pytest.mark.covers("G2")
@pytest.mark.parametrize("http2", [False, True])
def test_tls_is_ended_with_the_gateway_certificate(stack: Stack, http2: bool) -> None:
    with stack.client(http2=http2) as client:
        answer = client.get("/health")
    assert answer.status_code == 200
    assert answer.http_version == ("HTTP/2" if http2 else "HTTP/1.1")


@pytest.mark.covers("G6")
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/health", 200),
        ("GET", "/nowhere", 404),
        ("POST", "/mcp/weather", 401),
        ("GET", "/mcp%2fweather", 400),
        ("GET", "/.well-known/oauth-protected-resource/mcp/weather", 200),
        ("GET", "/.well-known/unknown", 404),
    ],
)
def test_security_headers_are_on_every_response(stack: Stack, method: str, path: str, status: int) -> None:
    with stack.client() as client:
        answer = client.request(method, path)
    assert answer.status_code == status
    assert {name: answer.headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert not {"server", "x-powered-by", "x-envoy-upstream-service-time"} & set(answer.headers)


@pytest.mark.covers("G6")
def test_security_headers_are_on_a_refusal_by_the_codec(stack: Stack) -> None:
    with stack.client() as client:
        answer = client.get("/", headers={"X-Long": "a" * 40_000})
    assert answer.status_code == 431
    assert {name: answer.headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS


@pytest.mark.covers("G6")
def test_a_banner_of_a_server_is_removed(stack: Stack, upstream: RecordingGateway) -> None:
    with upstream.client() as client:
        answer = client.post(WEATHER, json=tool_call("get_uv_index"), headers=bearer(stack.token("mcp:weather")))
    assert answer.json()["result"] == {"recorded": True}
    assert not {"server", "x-powered-by"} & set(answer.headers)


@pytest.mark.covers("S4", "S16")
@pytest.mark.parametrize("path", [WEATHER, CALCULATOR])
def test_a_server_says_neither_where_to_sign_in_nor_what_a_browser_keeps(
    stack: Stack, upstream: RecordingGateway, path: str
) -> None:
    """The challenge is the gateway's to give, and Keycloak's cookies are of the same origin."""
    with upstream.client() as client:
        answer = client.post(
            path, json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, headers=bearer(stack.token())
        )
        challenged = client.get(path)
    assert answer.json()["result"] == {"recorded": True}
    assert [name for name in OVERREACHING if name in answer.headers] == []
    assert f"/.well-known/oauth-protected-resource{path}" in challenged.headers["www-authenticate"]


@pytest.mark.covers("G6", "G8")
def test_the_login_page_keeps_keycloaks_own_content_security_policy(stack: Stack) -> None:
    query = {
        "client_id": "mcp-client",
        "response_type": "code",
        "redirect_uri": "http://localhost:1/cb",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
        "scope": "openid",
    }
    with stack.client() as client:
        answer = client.get("/realms/mcp-gateway/protocol/openid-connect/auth", params=query)
    assert answer.status_code == 200
    assert "frame-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["strict-transport-security"]


@pytest.mark.covers("G8")
@pytest.mark.parametrize(
    "path",
    [
        "/realms/mcp-gateway/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server/realms/mcp-gateway",
        "/realms/mcp-gateway/protocol/openid-connect/certs",
    ],
)
def test_public_paths_of_the_realm_are_open(stack: Stack, path: str) -> None:
    with stack.client() as client:
        answer = client.get(path)
    assert answer.status_code == 200
    assert "localhost:8080" not in answer.text


@pytest.mark.covers("G8", "S6", "S11")
@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/mcp",
        "/mcp/weatherx",
        "/MCP/weather",
        "/mcp/weather;x=1",
        "/mcp/unknown",
        "/health/../admin",
        "/healthz",
        "/admin/",
        "/admin/master/console/",
        "/realms/master/protocol/openid-connect/token",
        "/realms/master/.well-known/openid-configuration",
        "/realms/mcp-gateway/protocol/openid-connect/token/introspect",
        "/realms/mcp-gateway/protocol/openid-connect/certs/x",
        "/realms/mcp-gateway/clients-registrations/default",
        "/realms/mcp-gateway/account/",
        "/realms/mcp-gateway/",
        "/metrics",
        "/config_dump",
        "/quitquitquit",
    ],
)
def test_everything_else_is_not_found(stack: Stack, path: str) -> None:
    with stack.client() as client:
        assert client.get(path).status_code == 404


@pytest.mark.covers("G8", "R1")
@pytest.mark.parametrize("resource", ["weather", "calculator"])
def test_discovery_names_resource_and_issuer_exactly(stack: Stack, resource: str) -> None:
    with stack.client() as client:
        document = client.get(f"/.well-known/oauth-protected-resource/mcp/{resource}").json()
        [issuer] = document["authorization_servers"]
        metadata = client.get("/.well-known/oauth-authorization-server/realms/mcp-gateway").json()
    assert document["resource"] == f"{stack.url}/mcp/{resource}"
    assert document["bearer_methods_supported"] == ["header"]
    assert document["scopes_supported"] == [f"mcp:{resource}"]
    assert metadata["issuer"] == issuer == f"{stack.url}/realms/mcp-gateway"
    assert "S256" in metadata["code_challenge_methods_supported"]


@pytest.mark.covers("R1", "G8")
@pytest.mark.parametrize(
    "path", ["oauth-protected-resource", "oauth-authorization-server", "openid-configuration", "jwks.json", "a/b"]
)
@pytest.mark.parametrize("authorization", [{}, {"Authorization": "Bearer nonsense"}])
def test_other_well_known_paths_are_a_plain_404(stack: Stack, path: str, authorization: dict[str, str]) -> None:
    with stack.client() as client:
        assert client.get(f"/.well-known/{path}", headers=authorization).status_code == 404


@pytest.mark.covers("G8", "A4")
def test_health_is_open_and_names_each_component(stack: Stack) -> None:
    with stack.client() as client:
        answer = client.get("/health")
    assert answer.status_code == 200
    assert {"authorizer", "envoy", "keycloak", "mcp-weather", "mcp-calculator"} <= set(answer.json()["components"])


@pytest.mark.covers("S9", "R4")
@pytest.mark.parametrize("http2", [False, True], ids=["HTTP/1.1", "HTTP/2"])
def test_a_body_of_one_mebibyte_passes_whole_and_one_byte_more_is_413_as_json_rpc(
    stack: Stack, upstream: RecordingGateway, http2: bool
) -> None:
    empty = len(json.dumps(tool_call("get_uv_index", location="")))
    full = json.dumps(tool_call("get_uv_index", location="a" * ((1 << 20) - empty))).encode()
    headers = bearer(stack.token("mcp:weather")) | {"Content-Type": "application/json"}
    with upstream.client(http2=http2, headers=headers) as client:
        assert client.post(WEATHER, content=full).status_code == 200
        answer = client.post(WEATHER, content=full + b" ")
    assert [len(received.body) for received in upstream.received] == [1 << 20]
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, -32600)


@pytest.mark.covers("S8")
@pytest.mark.parametrize("method", ["PUT", "PATCH", "TRACE", "FOO"])
def test_other_methods_are_refused_on_mcp_routes(stack: Stack, upstream: RecordingGateway, method: str) -> None:
    with upstream.client() as client:
        answer = client.request(method, WEATHER, headers=bearer(stack.token("mcp:weather")))
    assert answer.status_code in {400, 405}
    assert upstream.received == []


@pytest.mark.covers("R7", "S16")
def test_preflight_of_an_allowed_page_passes_without_a_token(stack: Stack) -> None:
    headers = {
        "Origin": "http://localhost:6274",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
    }
    with stack.client() as client:
        answer = client.options(WEATHER, headers=headers)
        refusal = client.post(WEATHER, headers={"Origin": "http://localhost:6274"})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "http://localhost:6274"
    assert refusal.status_code == 401
    assert refusal.headers["access-control-allow-origin"] == "http://localhost:6274"
    assert "WWW-Authenticate" in refusal.headers["access-control-expose-headers"]


@pytest.mark.covers("R7", "S16")
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:6274.evil.example"])
def test_a_foreign_page_is_refused_with_a_valid_token(stack: Stack, upstream: RecordingGateway, origin: str) -> None:
    headers = bearer(stack.token("mcp:weather")) | {"Origin": origin}
    with upstream.client() as client:
        answer = client.post(WEATHER, json=tool_call("get_uv_index"), headers=headers)
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers
    assert upstream.received == []
