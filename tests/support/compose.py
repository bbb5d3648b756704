"""The gateway in containers, already running (`docker compose up`), with the ways in which a test speaks to it.

What natively is a process, a log file and a loopback port is a container here, reached through the engine's command
line. Nothing is started or stopped by the tests but what they kill on purpose.
"""

import json
import os
import subprocess
from typing import Any

from gateway.settings import Settings

from tests.support.runtime import rate_limit_layer
from tests.support.stack import ROOT, Stack

JOBS_IMAGE = "mcp-gateway-jobs"  # has a Python, to run a few lines in another container's namespaces
SERVICES = ("envoy", "ext-authz", "keycloak", "mcp-calculator", "mcp-weather")
ONCE = ("certs", "realm")
DEADLINE_S = 120


class ComposeStack(Stack):
    """The compose project of this checkout."""

    def pids(self) -> dict[str, int]:
        """The process id, as the host counts, of each running service."""
        states = {name: inspect(container_of(name))["State"] for name in SERVICES}
        return {name: int(state["Pid"]) for name, state in states.items() if state["Pid"]}

    def kill(self, component: str) -> None:
        """SIGKILL from outside: `docker kill` would tell the engine not to start it again."""
        code = f"import os; os.kill({self.pids()[component]}, 9)"
        docker("run", "--rm", "--pid", "host", "--user", "0", "--cap-drop", "ALL", "--cap-add", "KILL", *_python(code))

    def rate_limit(self, *, enabled: bool) -> None:
        write_envoy_file("sds/runtime.yaml", rate_limit_layer(enabled=enabled))

    def log(self, component: str) -> str:
        return compose("logs", "--no-log-prefix", "--no-color", component)

    def authorizer_metrics(self) -> str:
        code = "from urllib.request import urlopen; print(urlopen('http://127.0.0.1:8090/metrics').read().decode())"
        return compose("exec", "-T", "ext-authz", "python", "-c", code)


def compose_stack() -> ComposeStack:
    """The stack that runs; its ports and public URL are what the environment told `docker compose up`."""
    ports = {"https_port": 443, "http_port": 80, "dashboard_port": 8081, "keycloak_port": 8080, "authz_port": 50051}
    chosen = {name: os.environ.get(name.upper(), default) for name, default in ports.items()}
    public_url = os.environ.get("PUBLIC_URL", "https://localhost")
    certificates = ROOT / "certs"
    settings = Settings(home=ROOT, public_url=public_url, certs_dir=certificates, **chosen)  # type: ignore[arg-type]
    environment = {**os.environ, "PUBLIC_URL": public_url, "CERTS_DIR": str(certificates)}
    return ComposeStack(settings, environment)


def docker(*arguments: str) -> str:
    """What `docker` prints; fails with what it complains of."""
    done = subprocess.run(
        ["docker", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )
    assert done.returncode == 0, f"docker {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def compose(*arguments: str) -> str:
    return docker("compose", *arguments)


def container_of(service: str) -> str:
    """The container's id, whether it runs or has ended."""
    return compose("ps", "--all", "--quiet", service).strip()


def inspect(container: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = json.loads(docker("inspect", container))
    return found[0]


def beside(container: str, code: str, *, user: str = "10004") -> str:
    """What a few lines of Python print in a container that shares the network of `container`."""
    return docker("run", "--rm", "--network", f"container:{container}", "--user", user, *_python(code))


def on_network(network: str, code: str, *options: str) -> str:
    """What a few lines of Python print in a new container on one of the project's networks."""
    return docker("run", "--rm", "--network", f"mcp-gateway_{network}", *options, *_python(code))


def write_envoy_file(path: str, text: str) -> None:
    """Replaces a file in Envoy's volume by a rename, as its owner would."""
    code = f"import os; os.umask(0); open('/v/new', 'w').write({text!r}); os.rename('/v/new', '/v/{path}')"
    docker("run", "--rm", "--user", "0", "--volume", "mcp-gateway_envoy-files:/v", *_python(code))


def _python(code: str) -> tuple[str, ...]:
    return ("--entrypoint", "python", JOBS_IMAGE, "-c", code)
