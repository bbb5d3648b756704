"""mcp-contextforge-gateway in front of the open server, with sqlite: the smallest way to run it."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from bench.lab import Lab
from bench.load import Target
from bench.peers.environment import CONTEXTFORGE, newer_python, python_with
from bench.processes import answers, started
from tests.support.mcp import tool_call
from tests.support.ports import free_ports

SECRET = "a-secret-for-one-measurement-and-nothing-else-0123456789"  # noqa: S105 - it opens nothing
ADMIN = "admin@example.com"
SERVER = "bench"
CONNECTIONS, LONGER = 8, 4
"""An answer takes it a second or so: over as many connections and as short as the others it would give each one."""

START_SECONDS = 240
"""It makes its tables first: half a minute on a machine with nothing else to do."""


@contextmanager
def gateway(lab: Lab, upstream: int) -> Iterator[Target]:
    """One process, with what it does besides (pages, plugins, rate limits, logs to its database) off."""
    python = python_with(CONTEXTFORGE, python=newer_python())
    (port,) = free_ports(1)
    folder = lab.folder / "contextforge"
    folder.mkdir(exist_ok=True)
    variables = _variables(folder)
    command = [python.parent / "mcpgateway", "--host", "127.0.0.1", "--port", str(port), "--no-access-log"]
    base = f"http://127.0.0.1:{port}"
    log = lab.folder / "contextforge.log"
    ready = answers(f"{base}/health", 200)
    with started(command, log, ready, environment=variables, folder=folder, deadline=START_SECONDS) as process:
        token = _token(python, variables, folder)
        tool = _register(base, token, upstream)
        body = lab.folder / "contextforge.json"
        body.write_text(json.dumps(tool_call(tool, a=1, b=2)), encoding="ascii")
        tokens = lab.token_file("contextforge", [token])
        yield Target(f"{base}/rpc", tokens, body, {"process": process.pid}, connections=CONNECTIONS, longer=LONGER)


def _variables(folder: Path) -> dict[str, str]:
    pages_and_logs = ("MCPGATEWAY_UI_ENABLED", "OBSERVABILITY_ENABLED", "STRUCTURED_LOGGING_DATABASE_ENABLED")
    off = (*pages_and_logs, "PLUGINS_ENABLED", "RATE_LIMITING_ENABLED")
    return {
        "DATABASE_URL": f"sqlite:///{folder}/mcp.db",
        "JWT_SECRET_KEY": SECRET,
        "AUTH_ENCRYPTION_SECRET": SECRET,
        "BASIC_AUTH_PASSWORD": SECRET,
        "PLATFORM_ADMIN_EMAIL": ADMIN,
        "PLATFORM_ADMIN_PASSWORD": f"Aa1!{SECRET}",
        "DEFAULT_USER_PASSWORD": f"Aa1!{SECRET}",
        "MCPGATEWAY_ADMIN_API_ENABLED": "true",
        "SSRF_ALLOW_LOCALHOST": "true",
        "SSRF_ALLOW_PRIVATE_NETWORKS": "true",
        "TOOL_RATE_LIMIT": "1000000",
        "CACHE_TYPE": "memory",
        "LOG_LEVEL": "ERROR",
        **dict.fromkeys(off, "false"),
    }


def _token(python: Path, variables: Mapping[str, str], folder: Path) -> str:
    made = subprocess.run(
        [
            python,
            "-m",
            "mcpgateway.utils.create_jwt_token",
            "--username",
            ADMIN,
            "--exp",
            "120",
            "--secret",
            SECRET,
            "--admin",
        ],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.strip().splitlines()[-1]


def _register(base: str, token: str, upstream: int) -> str:
    """The name of the tool after its server was registered."""
    server = {"name": SERVER, "url": f"http://127.0.0.1:{upstream}/", "transport": "STREAMABLEHTTP"}
    with httpx.Client(base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=30) as client:
        client.post("/gateways", json=server).raise_for_status()
        tools = client.get("/tools").raise_for_status().json()
    return str(tools[0]["name"])
