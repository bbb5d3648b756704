"""A gateway with the fixture server behind it, the suite, and the table of all that ran."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance import fixture_server
from tests.conformance.table import Row, table
from tests.support.node import Node, installed
from tests.support.own_servers import own_home, serving
from tests.support.ports import free_ports
from tests.support.stack import Stack, running_stack

ROWS = pytest.StashKey[list[Row]]()


@pytest.fixture(scope="session")
def node() -> Node:
    return installed(Path(__file__).parent, "conformance")


@pytest.fixture(scope="session")
def fixture_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Where the fixture server listens."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", fixture_server.__name__]
    log = tmp_path_factory.mktemp("fixture-server") / "log"
    with serving(command, port, log, LISTEN=f"127.0.0.1:{port}"):
        yield port


@pytest.fixture(scope="session")
def stack(fixture_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A whole gateway that was told of the fixture server as of anybody's."""
    folder = tmp_path_factory.mktemp("conformance")
    with running_stack(folder / "stack", MCP_GATEWAY_HOME=str(own_home(_made(folder / "home")))) as stack:
        tools = [argument for tool in fixture_server.fixture_toolbox() for argument in ("--tool", tool.name)]
        done = stack.cli("add", fixture_server.INFO.name, f"http://127.0.0.1:{fixture_port}/", "--yes", *tools)
        assert done.returncode == 0, done.stderr
        stack.rate_limit(enabled=False)  # Envoy is a new process, and has forgotten it
        yield stack


@pytest.fixture(scope="session")
def rows(request: pytest.FixtureRequest) -> list[Row]:
    """Every run adds a row to the table at the end."""
    return request.config.stash.setdefault(ROWS, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if rows := config.stash.get(ROWS, []):
        terminalreporter.section("conformance, in scenarios")
        for line in table(rows):
            terminalreporter.write_line(line)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
