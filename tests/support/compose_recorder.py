"""A second Envoy container, with the running one's own files, in front of servers on this host that write down what
reaches them. It asks the stack's authorizer and Keycloak; only the names of the two MCP servers lead elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml
from gateway.settings import Settings

from tests.support.compose import beside, container_of, docker, inspect

READY_DEADLINE_S = 30
NAME = "mcp-gateway-recording"
HOST = "host-gateway"  # how a container names the machine it runs on
CLUSTERS = "from urllib.request import urlopen; print(urlopen('http://127.0.0.1:9901/clusters').read().decode())"


@contextmanager
def envoy_in_a_container(settings: Settings, folder: Path) -> Iterator[None]:
    """Listens on `https_port` of this host's loopback, and goes to the servers' ports on this host."""
    running = inspect(container_of("envoy"))["Config"]
    configuration = _pointed_here(settings, folder)
    docker(
        *("create", "--name", NAME, "--user", running["User"], "--read-only", "--cap-drop", "ALL"),
        *("--sysctl", "net.ipv4.ip_unprivileged_port_start=0", "--volume", "mcp-gateway_envoy-files:/etc/envoy:ro"),
        *("--volume", f"{configuration}:/etc/envoy/envoy.yaml:ro"),
        *("--network", "mcp-gateway_edge", "--publish", f"127.0.0.1:{settings.https_port}:443"),
        *("--add-host", f"mcp-weather:{HOST}", "--add-host", f"mcp-calculator:{HOST}"),
        *(running["Image"], *running["Cmd"]),
    )
    try:
        for network in ("authz", "sign-in"):
            docker("network", "connect", f"mcp-gateway_{network}", NAME)
        docker("start", NAME)
        _await_ready()
        yield
    finally:
        docker("rm", "--force", NAME)


def _pointed_here(settings: Settings, folder: Path) -> Path:
    """The committed configuration with these ports for the two servers. Its rate limits are the stack's: off."""
    bootstrap = yaml.safe_load((settings.home / "envoy/envoy.yaml").read_text(encoding="utf-8"))
    ports = {"mcp_weather": settings.weather_port, "mcp_calculator": settings.calculator_port}
    for cluster in bootstrap["static_resources"]["clusters"]:
        if cluster["name"] in ports:
            host = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]
            host["address"]["socket_address"]["port_value"] = ports[cluster["name"]]
    written = folder / "recording.yaml"
    written.write_text(yaml.safe_dump(bootstrap), encoding="utf-8")
    written.chmod(0o444)  # Envoy's user is another
    return written


def _await_ready() -> None:
    deadline = time.monotonic() + READY_DEADLINE_S
    while time.monotonic() < deadline:
        try:
            if "failed_active_hc" not in beside(NAME, CLUSTERS):
                return
        except AssertionError:
            pass  # it does not listen yet
    raise AssertionError(f"the recording gateway was not ready:\n{docker('logs', NAME)}")
