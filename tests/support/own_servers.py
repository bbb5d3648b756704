"""Other people's MCP servers, a checkout of one's own to add them to, and the official SDK to call them with."""

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.settings import load_settings

from tests.support.installing import installed_once
from tests.support.ports import free_ports
from tests.support.stack import ROOT, Stack

EXAMPLES = ROOT / "examples"
REQUIREMENTS = EXAMPLES / "requirements.txt"
INSTALL_DEADLINE_S = 300
START_DEADLINE_S = 60
POLL_S = 0.1


def own_home(folder: Path) -> Path:
    """A checkout with files of its own, for commands that edit them. What is not edited is not there."""
    for name in ("envoy", "keycloak"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("ext-authz", "mcp-weather", "mcp-calculator"):
        (folder / name).mkdir()
    shutil.copy(ROOT / "ext-authz" / "policy.yaml", folder / "ext-authz" / "policy.yaml")
    return folder


def contents(home: Path) -> dict[str, bytes]:
    """The three files that say which servers there are."""
    names = ("ext-authz/policy.yaml", "envoy/envoy.yaml", "keycloak/realm-export.json")
    return {name: (home / name).read_bytes() for name in names}


def examples_python() -> Path:
    """A Python with what examples/ needs, in an environment of its own: its packages are not this project's."""
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()[:12]
    place = load_settings().cache_dir / f"examples-{wanted}"
    return _python(installed_once(place, _install))


def _python(place: Path) -> Path:
    return place / "bin" / "python"


def _install(place: Path) -> None:
    for command in _commands(place, _python(place)):
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_DEADLINE_S, check=False)
        assert done.returncode == 0, done.stderr


def _commands(place: Path, python: Path) -> list[list[str]]:
    if uv := shutil.which("uv") or shutil.which("uv", path=str(ROOT / ".tools" / "bin")):
        return [
            [uv, "venv", "--quiet", "--python", sys.executable, str(place)],
            [uv, "pip", "install", "--quiet", "--python", str(python), "-r", str(REQUIREMENTS)],
        ]
    return [
        [sys.executable, "-m", "venv", str(place)],
        [str(python), "-m", "pip", "install", "--quiet", "-r", str(REQUIREMENTS)],
    ]


@contextmanager
def notes_server(log: Path) -> Iterator[int]:
    """The fastmcp server of examples/ on a free port, which is given."""
    (port,) = free_ports(1)
    with serving([str(examples_python()), str(EXAMPLES / "notes_server.py"), "--port", str(port)], port, log):
        yield port


@contextmanager
def serving(command: list[str], port: int, log: Path, **environment: str) -> Iterator[int]:
    """A program that listens on `port` of loopback; ended at the end. Its process ID is given."""
    variables = {**os.environ, **environment}
    with log.open("ab") as output, subprocess.Popen(command, stdout=output, stderr=output, env=variables) as process:
        try:
            _wait_until_it_listens(process, port, log)
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_until_it_listens(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + START_DEADLINE_S
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            try:
                process.wait(POLL_S)
            except subprocess.TimeoutExpired:
                continue
            break
        return
    raise AssertionError(f"it does not listen on {port}:\n{log.read_text(errors='replace')}")


def call_with_sdk(stack: Stack, path: str, token: str, *calls: str) -> subprocess.CompletedProcess[str]:
    """Tools and their arguments in turn, in one session of the official Python SDK (examples/sdk_client.py)."""
    command = [str(examples_python()), str(EXAMPLES / "sdk_client.py"), stack.url + path]
    return subprocess.run(
        [*command, str(stack.settings.certs_dir / "ca.crt"), *calls],
        env={**os.environ, "TOKEN": token},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
