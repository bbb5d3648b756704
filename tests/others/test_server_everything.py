"""npm's ``@modelcontextprotocol/server-everything``, the reference server of the TypeScript SDK, behind the gateway."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from gateway.settings import load_settings

from tests.support.own_servers import EXAMPLES, call_with_sdk, own_home, serving
from tests.support.ports import free_ports
from tests.support.stack import Stack, running_stack

pytestmark = pytest.mark.timeout(900)
INSTALL_DEADLINE_S = 300


@pytest.fixture(scope="module")
def program() -> Path:
    """The server's program, at the version that examples/package.json names."""
    place = load_settings().cache_dir / "server-everything"
    place.mkdir(parents=True, exist_ok=True)
    shutil.copy(EXAMPLES / "package.json", place)
    command = ["npm", "install", "--no-audit", "--no-fund", "--silent"]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=INSTALL_DEADLINE_S, check=False)
    assert done.returncode == 0, done.stderr
    return place / "node_modules" / "@modelcontextprotocol" / "server-everything" / "dist" / "index.js"


@pytest.fixture(scope="module")
def stack(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A gateway that was told of the server by its URL alone: it listed its tools itself."""
    folder, (port,) = tmp_path_factory.mktemp("everything"), free_ports(1)
    home = own_home(folder / "home")
    with (
        serving(["node", str(program), "streamableHttp"], port, folder / "everything.log", PORT=str(port)),
        running_stack(folder / "stack", MCP_GATEWAY_HOME=str(home)) as stack,
    ):
        done = stack.cli("add", "everything", f"http://127.0.0.1:{port}/mcp", "--yes")
        assert done.returncode == 0, done.stderr
        stack.rate_limit(enabled=False)
        yield stack


@pytest.mark.covers("M6")
def test_the_official_sdk_calls_its_tools_with_progress_in_between(stack: Stack) -> None:
    calls = ("echo", '{"message": "hello"}', "trigger-long-running-operation", '{"duration": 1, "steps": 3}')
    done = call_with_sdk(stack, "/mcp/everything", stack.token("mcp:everything"), *calls)
    assert done.returncode == 0, done.stderr
    tools, echoed, long = map(json.loads, done.stdout.splitlines())
    assert {"echo", "get-sum"} <= set(tools)
    assert echoed["texts"] == ["Echo: hello"]
    assert not long["is_error"]


@pytest.mark.covers("R5")
def test_a_token_for_another_server_is_refused(stack: Stack) -> None:
    done = call_with_sdk(stack, "/mcp/everything", stack.token("mcp:weather"), "echo", '{"message": "hello"}')
    assert done.returncode != 0
    assert "issued for another resource" in done.stderr


def test_every_tool_that_it_lists_has_its_rule(stack: Stack) -> None:
    done = stack.cli("policy", "coverage")
    assert (done.returncode, done.stderr) == (0, "")
