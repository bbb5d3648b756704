"""The dashboard: one page and the read-only figures that it shows, and nothing more of Envoy's admin interface (G3)."""

import httpx
import pytest

from tests.support.stack import Stack


@pytest.fixture
def dashboard(stack: Stack) -> str:
    return f"http://localhost:{stack.settings.dashboard_port}"


@pytest.mark.covers("G3")
def test_the_page_and_what_it_loads_are_served(dashboard: str) -> None:
    page = httpx.get(dashboard)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "script-src 'self'" in page.headers["content-security-policy"]
    for path in ("/dashboard.js", "/dashboard.css"):
        assert path in page.text
        assert httpx.get(dashboard + path).status_code == 200


@pytest.mark.covers("G3")
def test_the_figures_that_the_page_reads_are_there(dashboard: str, stack: Stack) -> None:
    with stack.client() as client:
        client.post("/mcp/weather")
    stats = httpx.get(f"{dashboard}/stats?format=json&filter=^http.https.").json()["stats"]
    figures = {entry["name"]: entry["value"] for entry in stats if "name" in entry}
    assert figures["http.https.ext_authz.denied"] > 0
    names = {cluster["name"] for cluster in httpx.get(f"{dashboard}/clusters?format=json").json()["cluster_statuses"]}
    assert {"ext_authz", "mcp_weather", "mcp_calculator", "keycloak"} <= names
    certificate = httpx.get(f"{dashboard}/certs").json()["certificates"][0]["cert_chain"][0]
    assert int(certificate["days_until_expiration"]) > 300


@pytest.mark.covers("G3", "S11")
@pytest.mark.parametrize(
    "path",
    [
        "/quitquitquit",
        "/config_dump",
        "/runtime_modify?a=b",
        "/logging",
        "/stats/recentlookups",
        "/clusters/x",
        "/drain_listeners",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_rest_of_the_admin_interface_is_not_reachable(dashboard: str, method: str, path: str) -> None:
    assert httpx.request(method, dashboard + path).status_code == 404


@pytest.mark.covers("G3", "S11")
@pytest.mark.parametrize("path", ["/stats", "/clusters", "/certs", "/server_info", "/"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_but_get_passes(dashboard: str, method: str, path: str) -> None:
    assert httpx.request(method, dashboard + path).status_code == 404


@pytest.mark.covers("G3", "S7")
def test_a_page_that_points_its_own_name_here_reads_nothing(dashboard: str) -> None:
    assert httpx.get(f"{dashboard}/stats", headers={"Host": "rebound.example"}).status_code == 404
