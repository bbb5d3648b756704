"""fastmcp, serving the tool itself and as a proxy, with Keycloak's introspection."""

from collections.abc import Iterator
from contextlib import contextmanager

from bench.lab import Lab
from bench.load import Target
from bench.peers.environment import FASTMCP, PROGRAMS, python_with
from bench.processes import listens, started
from tests.support.ports import free_ports


@contextmanager
def serving(lab: Lab, _upstream: int) -> Iterator[Target]:
    """One process, which is client of Keycloak and server of the tool."""
    with _running(lab, "fastmcp_server") as target:
        yield target


@contextmanager
def proxy(lab: Lab, upstream: int) -> Iterator[Target]:
    """One process in front of the server on ``upstream``."""
    with _running(lab, "fastmcp_proxy", f"http://127.0.0.1:{upstream}/") as target:
        yield target


@contextmanager
def _running(lab: Lab, program: str, *more: str) -> Iterator[Target]:
    python = python_with(FASTMCP, "uvloop")
    (port,) = free_ports(1)
    secret = lab.stack.settings.keycloak_client_secret.get_secret_value()
    command = [python, PROGRAMS / f"{program}.py", str(port), lab.introspection_url, lab.audience, secret, *more]
    with started(command, lab.folder / f"{program}.log", listens(port)) as process:
        yield Target(f"http://127.0.0.1:{port}/mcp", lab.real_tokens(), lab.body(), {"process": process.pid})
