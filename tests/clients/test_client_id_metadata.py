"""A client whose ID is the URL of its own metadata document (O16), with the experimental feature of a real Keycloak.

The document is served on this machine, so `localhost` is the host that the setting names; elsewhere that would be a
mistake (docs/client-id-metadata.md).
"""

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12Certificate, serialize_java_truststore
from gateway.certificates import ensure_certificates
from gateway.client.authorization import authorize
from gateway.client.errors import SignInFailed

from tests.support.keycloak import TESTUSER, ExactLoginForm
from tests.support.mcp import WEATHER, bearer, tool_call
from tests.support.metadata_host import MetadataHost, metadata_host
from tests.support.stack import Stack, running_stack

pytestmark = pytest.mark.timeout(600)
METADATA = "/.well-known/oauth-authorization-server/realms/mcp-gateway"
FORECAST = tool_call("get_weather_forecast", location="Berlin")
ALERTS = tool_call("get_weather_alerts", location="Berlin")
PASSWORD = "changeit"
Start = Callable[[str], Stack]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("client-id-metadata")


@pytest.fixture(scope="module")
def host(folder: Path) -> Iterator[MetadataHost]:
    certificates = folder / "certs"
    ensure_certificates(certificates, public_host="localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "gateway.crt", certificates / "gateway.key")
    with metadata_host(context) as host:
        yield host


def java_trusts(certificates: Path, file: Path) -> str:
    """The JVM's option to trust our CA, which is what signed the certificate of the document's host."""
    authority = x509.load_pem_x509_certificate((certificates / "ca.crt").read_bytes())
    store = serialize_java_truststore([PKCS12Certificate(authority, b"ca")], BestAvailableEncryption(PASSWORD.encode()))
    file.write_bytes(store)
    return f"-Djavax.net.ssl.trustStore={file} -Djavax.net.ssl.trustStorePassword={PASSWORD}"


@pytest.fixture(scope="module")
def running(folder: Path, host: MetadataHost) -> Iterator[Stack]:
    trusted = java_trusts(folder / "certs", folder / "trusted.p12")
    with running_stack(folder, CLIENT_ID_METADATA_HOSTS="localhost", JAVA_TOOL_OPTIONS=trusted) as stack:
        yield stack


def sign_in(stack: Stack, client_id: str, *scopes: str) -> str:
    with stack.client() as http:
        form = ExactLoginForm(http, *TESTUSER, origin=stack.url, accept_consent=True)
        return authorize(http, f"{stack.url}/realms/mcp-gateway", client_id, scopes, form).access_token


def advertised(stack: Stack) -> bool:
    with stack.client() as client:
        return bool(client.get(METADATA).json().get("client_id_metadata_document_supported", False))


@pytest.mark.covers("O16")
def test_a_client_with_a_document_signs_in_calls_a_tool_and_steps_up_without_registering(
    running: Stack, host: MetadataHost
) -> None:
    assert advertised(running)
    client_id = host.document("/client.json", redirect_uris=[ExactLoginForm.redirect_uri])
    with running.client() as client:
        token = sign_in(running, client_id, "openid", "mcp:weather")
        assert client.post(WEATHER, json=FORECAST, headers=bearer(token)).status_code == 200
        assert client.post(WEATHER, json=ALERTS, headers=bearer(token)).status_code == 403
        stepped_up = sign_in(running, client_id, "openid", "mcp:weather", "mcp:weather:alerts")
        assert client.post(WEATHER, json=ALERTS, headers=bearer(stepped_up)).status_code == 200
    assert host.asked == ["/client.json"]


@pytest.mark.covers("O16")
def test_the_user_is_asked_before_such_a_client_gets_anything(running: Stack, host: MetadataHost) -> None:
    client_id = host.document("/consent.json", redirect_uris=[ExactLoginForm.redirect_uri])
    with running.client() as http:
        form = ExactLoginForm(http, *TESTUSER, origin=running.url, accept_consent=False)
        with pytest.raises(SignInFailed, match="asks for consent"):
            authorize(http, f"{running.url}/realms/mcp-gateway", client_id, ["mcp:weather"], form)


@pytest.mark.covers("O16")
@pytest.mark.parametrize("port", [33333, 33334])
def test_a_document_may_leave_the_port_of_a_loopback_callback_open(
    running: Stack, host: MetadataHost, port: int
) -> None:
    class Form(ExactLoginForm):
        redirect_uri = f"http://127.0.0.1:{port}/callback"

    client_id = host.document("/any-port.json", redirect_uris=["http://127.0.0.1/callback"])
    with running.client() as http:
        form = Form(http, *TESTUSER, origin=running.url, accept_consent=True)
        assert authorize(http, f"{running.url}/realms/mcp-gateway", client_id, ["mcp:weather"], form).access_token


@pytest.mark.covers("O16")
@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:{port}/client.json",
        "https://[::1]:{port}/client.json",
        "http://localhost:{port}/client.json",
        "https://localhost.evil.example:{port}/client.json",
        "https://localhost@127.0.0.1:{port}/client.json",
        "https://127.0.0.1:{port}/localhost",
        "https://evil.localhost:{port}/client.json",
        "https://127.0.0.1:9901/stats",
        "https://169.254.169.254/latest/meta-data",
    ],
)
def test_nothing_is_fetched_from_a_host_that_is_not_named(running: Stack, host: MetadataHost, url: str) -> None:
    host.asked.clear()
    with pytest.raises(SignInFailed, match="error page"):
        sign_in(running, url.format(port=host.port), "mcp:weather")
    assert host.asked == []


@pytest.mark.covers("O16")
@pytest.mark.parametrize(
    ("path", "changes"),
    [
        ("/of-another.json", {"client_id": "https://localhost/another.json"}),
        ("/elsewhere.json", {"redirect_uris": ["https://evil.example/callback"]}),
        ("/secret.json", {"token_endpoint_auth_method": "client_secret_basic"}),
        ("/keys-elsewhere.json", {"jwks_uri": "https://evil.example/jwks"}),
    ],
)
def test_a_document_that_says_something_else_is_refused(
    running: Stack, host: MetadataHost, path: str, changes: dict[str, object]
) -> None:
    client_id = host.document(path, **{"redirect_uris": [ExactLoginForm.redirect_uri], **changes})
    with pytest.raises(SignInFailed, match="error page"):
        sign_in(running, client_id, "mcp:weather")


@pytest.mark.covers("O16")
def test_a_redirect_on_the_named_host_is_not_followed(running: Stack, host: MetadataHost) -> None:
    host.document("/client.json", redirect_uris=[ExactLoginForm.redirect_uri])
    host.asked.clear()
    with pytest.raises(SignInFailed, match="error page"):
        sign_in(running, host.redirect("/moved.json", to="/client.json"), "mcp:weather")
    assert host.asked == ["/moved.json"]


@pytest.mark.covers("O16")
def test_without_the_setting_the_same_database_knows_no_such_client_again(
    running: Stack, host: MetadataHost, folder: Path
) -> None:
    """Last in this file: it ends the gateway of the tests above."""
    client_id = host.document("/later.json", redirect_uris=[ExactLoginForm.redirect_uri])
    assert running.cli("down").returncode == 0
    environment = {name: value for name, value in running.environment.items() if name != "CLIENT_ID_METADATA_HOSTS"}
    off = Stack(running.settings, environment)
    started = off.cli("up", "--detach", deadline_s=300)
    assert started.returncode == 0, started.stderr
    off.rate_limit(enabled=False)
    assert not advertised(off)
    with pytest.raises(SignInFailed, match="Client not found"):
        sign_in(off, client_id, "mcp:weather")
    assert off.token("mcp:weather")
