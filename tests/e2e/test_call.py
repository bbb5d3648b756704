"""`mcp-gateway call` and `token` against the whole gateway: with as few scopes as will do, and without a person."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.support.stack import Stack


def run(stack: Stack, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in stack.environment.items() if not name.startswith("MCP_")}
    return subprocess.run(
        [sys.executable, "-m", "gateway", *arguments],
        env=inherited | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.covers("K5", "M1")
def test_a_tool_is_called_with_the_scope_of_its_server_only(stack: Stack) -> None:
    done = run(stack, "call", "calculator", "add", "a=1", "b=2")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["decimal"] == "3"


@pytest.mark.covers("R3")
def test_a_tool_that_needs_more_is_called_after_a_second_sign_in(stack: Stack) -> None:
    done = run(stack, "call", "weather", "get_weather_alerts", "location=Oslo")
    assert done.returncode == 0, done.stderr
    assert done.stderr == "This needs mcp:weather:alerts too: signing in again\n"
    assert "Oslo" in done.stdout


@pytest.mark.covers("R3", "S14")
def test_scopes_that_are_given_are_all_that_is_asked_for(stack: Stack) -> None:
    done = run(stack, "call", "weather", "get_weather_alerts", "location=Oslo", "--scope", "mcp:weather")
    assert (done.returncode, done.stdout) == (4, "")
    assert len(done.stderr.splitlines()) == 1
    assert "--scope mcp:weather --scope mcp:weather:alerts" in done.stderr


@pytest.mark.covers("R5")
def test_a_token_for_another_server_is_refused_with_what_to_do(stack: Stack) -> None:
    done = run(stack, "call", "calculator", MCP_TOKEN=stack.token("mcp:weather"))
    assert (done.returncode, done.stdout) == (4, "")
    assert "401" in done.stderr
    assert "get a new token with `mcp-gateway token`" in done.stderr


def test_a_program_gets_a_token_of_its_own_and_calls_with_it(stack: Stack) -> None:
    signed_in = run(stack, "token", "--client-credentials", "--scope", "mcp:calculator")
    assert signed_in.returncode == 0, signed_in.stderr
    called = run(stack, "call", "calculator", "add", "a=1", "b=2", MCP_TOKEN=signed_in.stdout.strip())
    assert (called.returncode, called.stderr) == (0, "")
    assert json.loads(called.stdout)["decimal"] == "3"


def test_a_program_without_scopes_gets_those_of_every_server(stack: Stack) -> None:
    token = run(stack, "token", "--client-credentials").stdout.strip()
    for server in ("weather", "calculator"):
        assert run(stack, "call", server, MCP_TOKEN=token).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        ((), {"MCP_CLIENT_SECRET": "wrong-secret"}),
        (("--client-id", "nobody"), {"MCP_CLIENT_SECRET": "wrong-secret"}),
        (("--client-id", "mcp-client"), {"MCP_CLIENT_SECRET": "wrong-secret"}),
        (("--scope", "mcp:nothing"), {}),
    ],
    ids=["secret", "client", "public client", "scope"],
)
def test_a_program_that_the_realm_refuses_is_told_in_one_line(
    stack: Stack, arguments: tuple[str, ...], environment: dict[str, Any]
) -> None:
    done = run(stack, "token", "--client-credentials", *arguments, **environment)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("mcp-gateway: The realm gave no token: ")
    assert len(done.stderr.splitlines()) == 1
    assert "wrong-secret" not in done.stderr
