"""authmcp-gateway in front of the open server: tokens of its own, kept in sqlite."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from bench.lab import Lab
from bench.load import Target
from bench.peers.environment import AUTHMCP, PROGRAMS, python_with
from bench.processes import DidNotStart, listens, started
from tests.support.ports import free_ports

SECRET = "a-secret-for-one-measurement-and-nothing-else"  # noqa: S105 - it opens nothing


@contextmanager
def gateway(lab: Lab, upstream: int) -> Iterator[Target]:
    """One process; rate limits off, its defaults otherwise, with what its server takes where it is there (uvloop)."""
    python = python_with(AUTHMCP, "uvloop", "httptools")
    (port,) = free_ports(1)
    folder = lab.folder / "authmcp"
    folder.mkdir(exist_ok=True)
    variables = {
        "AUTH_SQLITE_PATH": str(folder / "auth.db"),
        "JWT_SECRET_KEY": SECRET,
        "JWT_ACCESS_TOKEN_EXPIRE_MINUTES": "120",
        "MCP_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "RATE_LIMIT_ENABLED": "false",
        "ALLOW_INSECURE_HTTP": "true",
    }
    filled = subprocess.run(
        [python, PROGRAMS / "authmcp_data.py", folder / "auth.db", f"http://127.0.0.1:{upstream}/"],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    tokens = [line.removeprefix("TOKEN ") for line in filled.stdout.splitlines() if line.startswith("TOKEN ")]
    if not tokens:
        raise DidNotStart(f"authmcp-gateway could not be set up: {filled.stderr[-400:]}")
    command = [
        python.parent / "authmcp-gateway",
        "start",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--log-level",
        "WARNING",
    ]
    with started(command, lab.folder / "authmcp.log", listens(port), environment=variables, folder=folder) as process:
        yield Target(
            f"http://127.0.0.1:{port}/mcp/calculator",
            lab.token_file("authmcp", tokens),
            lab.body(),
            {"process": process.pid},
        )
