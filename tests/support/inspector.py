"""MCP Inspector's web page, served as `npx @modelcontextprotocol/inspector` does, without opening a browser."""

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.node import Desk
from tests.support.ports import free_ports

START_DEADLINE_S = 60
STOP_DEADLINE_S = 10
POLL_S = 0.1
PAGE_PORT = 6274
PROXY_PORT = 6277
NEW = "@modelcontextprotocol/inspector/clients/launcher/build/index.js"
OLD = "inspector-direct/cli/build/cli.js"
PAGE = re.compile(r"http://localhost:6274\S*")


@contextmanager
def inspector(desk: Desk) -> Iterator[str]:
    """The page's address, with the token that opens it. It has no server yet, and keeps secrets in memory only."""
    catalog = desk.home / "mcp.json"
    catalog.write_text('{"mcpServers": {}}')
    sandbox, apps = map(str, free_ports(2))
    variables = {
        "HOST": "localhost",  # the origin and the callback are then those that the gateway's settings name
        "MCP_CATALOG_PATH": str(catalog),
        "MCP_INSPECTOR_SECRET_STORE": "memory",
        "MCP_SANDBOX_PORT": sandbox,
        "MCP_APP_ORIGIN_PORT": apps,
    }
    with _serving(desk, NEW, (PAGE_PORT,), variables) as page:
        yield page


@contextmanager
def inspector_before_version_2(desk: Desk) -> Iterator[str]:
    """The same of the last version that can go past its proxy. After a sign-in it knows its proxy's usual port only."""
    with _serving(desk, OLD, (PAGE_PORT, PROXY_PORT), {}) as page:
        yield page


@contextmanager
def _serving(desk: Desk, script: str, ports: tuple[int, ...], variables: dict[str, str]) -> Iterator[str]:
    for port in ports:
        _must_be_free(port)
    environment = desk.environment | variables | {"MCP_AUTO_OPEN_ENABLED": "false"}
    environment["PATH"] = f"{desk.node.program.parent}:{environment['PATH']}"  # it starts others, by the name "node"
    log = desk.home / "inspector.log"
    command = desk.node.command(desk.node.package(script))
    with (
        log.open("wb") as output,
        # A session of its own: the old one leaves what it started behind when it ends
        subprocess.Popen(command, env=environment, stdout=output, stderr=output, start_new_session=True) as process,
    ):
        try:
            yield _page(process, desk)
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(STOP_DEADLINE_S)
            for port in ports:
                _await_free(port)


def _page(process: "subprocess.Popen[bytes]", desk: Desk) -> str:
    log = desk.home / "inspector.log"
    deadline = time.monotonic() + START_DEADLINE_S
    while time.monotonic() < deadline and process.poll() is None:
        if found := PAGE.search(log.read_text(errors="replace")):
            return found.group()
        time.sleep(POLL_S)  # between two looks
    raise AssertionError(f"the Inspector did not start:\n{log.read_text(errors='replace')}")


def _must_be_free(port: int) -> None:
    assert _is_free(port), f"port {port} is taken: the Inspector's page has a fixed port (close the one that runs)"


def _await_free(port: int) -> None:
    deadline = time.monotonic() + STOP_DEADLINE_S
    while not _is_free(port):
        assert time.monotonic() < deadline, f"something of the Inspector still listens on {port}"
        time.sleep(POLL_S)  # between two looks


def _is_free(port: int) -> bool:
    for host in ("127.0.0.1", "::1"):
        try:
            socket.create_connection((host, port), timeout=1).close()
        except OSError:
            continue
        return False
    return True
