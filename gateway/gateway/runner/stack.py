"""The gateway as a stack: its five processes, and the door that shows whether they work together."""

import sys

from gateway.runner.background import in_thread
from gateway.runner.chores import pruning
from gateway.runner.component import Component, Probe, Say, Stack, TlsFiles
from gateway.runner.envoy import envoy_binary, validate_topology
from gateway.runner.errors import StartFailed
from gateway.runner.keycloak_command import (
    METADATA_DOCUMENTS,
    logout_url,
    prepare_home,
    start_command,
    start_environment,
)
from gateway.runner.keycloak_install import ensure_installed
from gateway.runner.logs import log_path
from gateway.runner.metadata_hosts import follow_metadata_hosts
from gateway.runner.realm import follow_where_allowed
from gateway.runner.topology import LOOPBACK, write_topology
from gateway.settings import Settings

KEYCLOAK_DEADLINE = 240.0
# The authorizer answers 503 while others are missing; what counts for itself is that it answers
ANSWERING = frozenset({200, 503})
# As /health names them; it also names servers that the user has put behind the gateway
OUR_COMPONENTS = frozenset({"authorizer", "envoy", "keycloak", "mcp-weather", "mcp-calculator"})
WILDCARD_TO_LOOPBACK = {"0.0.0.0": LOOPBACK, "::": "[::1]"}  # noqa: S104 - where to reach what listens there


def native_stack(settings: Settings) -> Stack:
    """The real one. What others need comes first, and is stopped last.

    Raises:
        InstallFailed: Envoy's package is not installed.
    """
    servers = (_authorizer(settings), _weather(settings), _calculator(settings), _envoy(settings))
    parts = (_keycloak(settings), *servers) if settings.keycloak_is_ours else servers

    async def reload(say: Say) -> None:
        await in_thread(lambda _: _refresh(settings))
        await follow_where_allowed(settings, say)

    return Stack(
        parts,
        _front_doors(settings),
        lambda: _prepare(settings),
        urls(settings),
        reload=reload,
        restarted=("envoy",),
        chore=pruning(settings),
    )


def _refresh(settings: Settings) -> None:
    validate_topology(settings)
    write_topology(settings)


def _prepare(settings: Settings) -> None:
    # Imported here: cryptography takes a while to load, and only a start needs it
    from gateway.certificates import CertificateError, ensure_certificates  # noqa: PLC0415

    try:
        ensure_certificates(settings.certs_dir, public_host=settings.public_host)
    except CertificateError as error:
        raise StartFailed(str(error)) from error
    write_topology(settings)


def _front_doors(settings: Settings) -> tuple[Probe, ...]:
    """The gateway's own health and the way to sign in, both asked as a client would: by TLS through Envoy.

    Health is not enough: Envoy looks at Keycloak by itself, every half second, so it may still hold for unhealthy what
    has just come up, and would answer 503 to the first who signs in.
    """
    origin = f"https://{reachable(settings.bind_address)}:{settings.https_port}"
    tls = TlsFiles(ca=settings.certs_dir / "ca.crt")
    return (
        Probe(f"{origin}/health", tls=tls, server_name="localhost", minds=OUR_COMPONENTS),
        Probe(f"{origin}/realms/mcp-gateway/.well-known/openid-configuration", tls=tls, server_name="localhost"),
    )


def reachable(address: str) -> str:
    """How to reach, from this machine, what listens on `address`; with brackets where a URL needs them."""
    return WILDCARD_TO_LOOPBACK.get(address, f"[{address}]" if ":" in address else address)


def urls(settings: Settings) -> dict[str, str]:
    """What the user opens."""
    return {
        "weather": f"{settings.origin}/mcp/weather",
        "calculator": f"{settings.origin}/mcp/calculator",
        "health": f"{settings.origin}/health",
        "Keycloak": settings.keycloak_admin_url,
        "dashboard": f"http://localhost:{settings.dashboard_port}",
    }


def _keycloak(settings: Settings) -> Component:
    home = settings.state_dir / "keycloak"

    async def install(say: Say) -> None:
        log = log_path(settings.state_dir / "logs", "keycloak-build")
        feature = METADATA_DOCUMENTS if settings.metadata_hosts else ""
        installed = await ensure_installed(settings.cache_dir, log, say, feature=feature)
        realm = settings.home / "keycloak" / "realm-export.json"
        prepare_home(home, installed, realm, production=settings.is_production)

    async def reconcile(say: Say) -> None:
        await follow_where_allowed(settings, say)
        await follow_metadata_hosts(settings, say)

    return Component(
        name="keycloak",
        argv=start_command(home),
        environment=start_environment(settings),
        ready=Probe(f"http://{LOOPBACK}:{settings.keycloak_management_port}/health/ready"),
        before_start=install,
        after_ready=reconcile,
        start_deadline=KEYCLOAK_DEADLINE,
    )


def _authorizer(settings: Settings) -> Component:
    return Component(
        name="ext-authz",
        argv=(sys.executable, "-m", "ext_authz"),
        directory=settings.home / "ext-authz",
        environment={
            "PUBLIC_URL": settings.origin,
            "POLICY_FILE": str(settings.policy_file),
            "EXT_AUTHZ_WORKERS": str(settings.ext_authz_workers),
            "GRPC_LISTEN": f"{LOOPBACK}:{settings.authz_port}",
            "HTTP_LISTEN": f"{LOOPBACK}:{settings.authz_http_port}",
            "KEYCLOAK_URL": settings.keycloak_url or f"http://{LOOPBACK}:{settings.keycloak_port}",
            "KEYCLOAK_CLIENT_SECRET": settings.keycloak_client_secret.get_secret_value(),
            **_logout_url(settings),
            "ENVOY_STATUS_URL": f"http://{LOOPBACK}:{settings.dashboard_port}",
            **_tls(settings, "ext-authz"),
        },
        ready=Probe(f"http://{LOOPBACK}:{settings.authz_http_port}/health", accept=ANSWERING),
        # A Keycloak of ours calls this once it is up; another one is up already
        before_start=None if settings.keycloak_is_ours else lambda say: follow_where_allowed(settings, say),
    )


def _logout_url(settings: Settings) -> dict[str, str]:
    """Where a Keycloak of ours tells of ended sessions; another one is told by its own administrator."""
    return {"BACKCHANNEL_LOGOUT_URL": logout_url(settings)} if settings.keycloak_is_ours else {}


def _weather(settings: Settings) -> Component:
    certificates = settings.certs_dir
    tls = TlsFiles(certificates / "ca.crt", certificates / "gateway.crt", certificates / "gateway.key")
    return Component(
        name="mcp-weather",
        argv=(sys.executable, "-m", "mcp_weather"),
        directory=settings.home / "mcp-weather",
        environment={"LISTEN": f"{LOOPBACK}:{settings.weather_port}", **_tls(settings, "mcp-weather")},
        ready=Probe(f"https://{LOOPBACK}:{settings.weather_port}/health", tls=tls),
    )


def _calculator(settings: Settings) -> Component:
    return Component(
        name="mcp-calculator",
        argv=(sys.executable, "-m", "mcp_calculator"),
        directory=settings.home / "mcp-calculator",
        environment={"LISTEN": f"{LOOPBACK}:{settings.calculator_port}"},
        ready=Probe(f"http://{LOOPBACK}:{settings.calculator_port}/health"),
    )


def _envoy(settings: Settings) -> Component:
    options = ("--disable-hot-restart", "--concurrency", "2", "--drain-time-s", "1", "--log-level", "warning")
    return Component(
        name="envoy",
        argv=(str(envoy_binary()), "-c", str(settings.state_dir / "envoy.yaml"), *options),
        ready=Probe(f"http://{LOOPBACK}:{settings.envoy_admin_port}/ready"),
    )


def _tls(settings: Settings, name: str) -> dict[str, str]:
    certificates = settings.certs_dir
    return {
        "TLS_CERT_FILE": str(certificates / f"{name}.crt"),
        "TLS_KEY_FILE": str(certificates / f"{name}.key"),
        "TLS_CA_FILE": str(certificates / "ca.crt"),
    }
