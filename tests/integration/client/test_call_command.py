"""`mcp-gateway call` from the command line to a server and back: what it prints, and how it ends."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import typer
from gateway.client.commands import call, token
from typer.testing import CliRunner, Result

ADD = {
    "name": "add",
    "description": "Adds two numbers",
    "inputSchema": {
        "type": "object",
        "properties": {"a": {"type": "number"}, "b": {"type": "number"}},
        "required": ["a", "b"],
    },
}


class FakeGateway(HTTPServer):
    """One MCP server with one tool, behind a gateway that refuses with `refuse` if that is set."""

    refuse: tuple[int, dict[str, str]] | None = None
    says: str | None = None  # in place of the sum

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: FakeGateway

    def do_GET(self) -> None:
        self._answer(200, self._realm("GET"), {})

    def do_POST(self) -> None:
        if self.path.endswith("/token"):
            self._answer(400, self._realm("POST"), {})
            return
        message = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.headers["authorization"] != "Bearer good" or self.server.refuse:
            status, headers = self.server.refuse or (401, {})
            self._answer(status, {"id": None, "error": {"code": -32001, "message": "Refused in words"}}, headers)
        elif "id" not in message:
            self._answer(202, None, {})
        elif message["method"] == "server/discover":
            self._answer(200, {"id": message["id"], "error": {"code": -32601, "message": "An older server"}}, {})
        else:
            self._answer(
                200, {"id": message["id"], "result": self._result(message["method"], message.get("params", {}))}, {}
            )

    def _realm(self, endpoint: str) -> dict[str, str]:
        """A realm that knows no scope."""
        issuer = f"{self.server.url}/realms/mcp-gateway"
        endpoints = dict.fromkeys(("authorization_endpoint", "token_endpoint"), f"{issuer}/token")
        return {"issuer": issuer, **endpoints} if endpoint == "GET" else {"error": "invalid_scope"}

    def _result(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        if method == "tools/call":
            total = params["arguments"]["a"] + params["arguments"]["b"]
            text = self.server.says or f"{total}"
            return {"content": [{"type": "text", "text": text}], "isError": total < 0}
        results: dict[str, dict[str, Any]] = {
            "initialize": {
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "serverInfo": {"name": "fake", "version": "1"},
            },
            "tools/list": {"tools": [ADD]},
        }
        return results[method]

    def _answer(self, status: int, body: dict[str, Any] | None, headers: dict[str, str]) -> None:
        content = b"" if body is None else json.dumps({"jsonrpc": "2.0", **body}).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Type": "application/json", "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Not in the tests' output."""


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    with FakeGateway(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def run(gateway: FakeGateway, tmp_path: Path) -> "Run":
    return Run(gateway, tmp_path)


class Run:
    """Runs the commands in this process, as the console script would."""

    def __init__(self, gateway: FakeGateway, certs: Path) -> None:
        self._environment = {"PUBLIC_URL": gateway.url, "CERTS_DIR": str(certs), "MCP_TOKEN": "good"}

    def __call__(self, *arguments: str, **environment: str) -> Result:
        app = typer.Typer(pretty_exceptions_enable=False)
        app.command()(call)
        app.command()(token)
        return CliRunner().invoke(app, arguments, env=self._environment | environment)


def test_call_alone_lists_the_servers_without_asking_any(run: Run, gateway: FakeGateway) -> None:
    done = run("call", MCP_TOKEN="")
    assert done.exit_code == 0
    assert f"calculator  {gateway.url}/mcp/calculator" in done.stdout


def test_call_of_a_server_lists_its_tools_with_their_arguments(run: Run) -> None:
    done = run("call", "calculator")
    assert done.stdout.splitlines() == ["add: Adds two numbers", "    a  number, required", "    b  number, required"]


@pytest.mark.covers("K5")
def test_call_of_a_tool_prints_its_answer(run: Run) -> None:
    assert run("call", "calculator", "add", "a=1", "b=2").stdout == "3\n"
    assert json.loads(run("call", "calculator", "add", "a=1", "b=2", "--json").stdout)["content"][0]["text"] == "3"


@pytest.mark.covers("S19")
def test_escape_sequences_in_an_answer_do_not_reach_the_terminal(run: Run, gateway: FakeGateway) -> None:
    gateway.says = "a\tb\n\x1b[2J\x9b31m3°"
    assert run("call", "calculator", "add", "a=1", "b=2").stdout == "a\tb\n [2J 31m3°\n"
    answer = run("call", "calculator", "add", "a=1", "b=2", "--json").stdout
    assert not {"\x1b", "\x9b"} & set(answer)
    assert json.loads(answer)["content"][0]["text"] == gateway.says


def test_error_of_the_tool_goes_to_stderr_and_ends_with_1(run: Run) -> None:
    done = run("call", "calculator", "add", "a=1", "b=-2")
    assert (done.exit_code, done.stdout, done.stderr) == (1, "", "-1\n")


def test_error_of_the_tool_is_a_result_to_a_program(run: Run) -> None:
    done = run("call", "calculator", "add", "a=1", "b=-2", "--json")
    assert (done.exit_code, done.stderr) == (1, "")
    assert json.loads(done.stdout) == {"content": [{"type": "text", "text": "-1"}], "isError": True}


@pytest.mark.parametrize(
    ("words", "code", "phrase"),
    [
        (["nowhere"], 2, "no MCP server 'nowhere'; there are weather, calculator"),
        (["calculator", "divide"], 2, "no tool 'divide'; there are add"),
        (["calculator", "add", "a=x", "b=1"], 2, "a=x should be of type number"),
        (["calculator", "add", "a=1"], 2, "also needs b"),
        (["calculator", "--scope", "mcp:calculator"], 2, "--scope is for signing in, and there is a token already"),
    ],
)
def test_mistake_of_the_user_is_one_sentence(run: Run, words: list[str], code: int, phrase: str) -> None:
    done = run("call", *words)
    assert (done.exit_code, done.stdout) == (code, "")
    assert len(done.stderr.splitlines()) == 1
    assert phrase in done.stderr


@pytest.mark.covers("A4", "R2", "R3", "S17")
@pytest.mark.parametrize(
    ("status", "headers", "code", "phrase"),
    [
        (401, {}, 4, "get a new token"),
        (
            403,
            {"WWW-Authenticate": 'Bearer error="insufficient_scope", scope="mcp:calculator:scientific"'},
            4,
            "--scope mcp:calculator:scientific",
        ),
        (429, {"Retry-After": "12"}, 5, "try again in 12 s"),
        (503, {"Retry-After": "1"}, 5, "try again in 1 s"),
    ],
)
def test_refusal_is_one_sentence_in_the_gateways_words(
    run: Run, gateway: FakeGateway, status: int, headers: dict[str, str], code: int, phrase: str
) -> None:
    gateway.refuse = (status, headers)
    done = run("call", "calculator", "add", "a=1", "b=2")
    assert (done.exit_code, done.stdout) == (code, "")
    assert len(done.stderr.splitlines()) == 1
    assert f'{status} "Refused in words"' in done.stderr
    assert phrase in done.stderr


def test_a_stale_token_in_the_environment_is_to_be_unset(run: Run) -> None:
    assert run("call", "calculator", MCP_TOKEN="old").stderr.endswith("token`, and unset or replace MCP_TOKEN.\n")
    assert "MCP_TOKEN" not in run("call", "calculator", "--token", "old", MCP_TOKEN="").stderr


def test_a_scope_that_the_realm_does_not_know_is_told_with_those_that_there_are(run: Run, gateway: FakeGateway) -> None:
    done = run("token", "--client-credentials", "--scope", "mcp:nosuch")
    assert (done.exit_code, done.stdout) == (3, "")
    assert "invalid_scope; there are mcp:weather, mcp:weather:alerts, mcp:calculator" in done.stderr


def test_gateway_that_is_not_running_is_told(run: Run, gateway: FakeGateway) -> None:
    for command in (["call", "calculator", "add", "a=1", "b=2"], ["token"]):
        done = run(*command, PUBLIC_URL="http://127.0.0.1:1")
        assert (done.exit_code, done.stdout) == (5, "")
        assert "does not answer" in done.stderr


def test_bad_setting_is_told_by_its_name(run: Run) -> None:
    done = run("token", PUBLIC_URL="ftp://x")
    assert done.exit_code == 2
    assert "PUBLIC_URL" in done.stderr
