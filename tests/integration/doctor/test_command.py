"""`mcp-gateway doctor` as a user runs it: options, output, exit codes."""

import json
import os
import subprocess
import sys
from asyncio import to_thread

import pytest

from tests.support.fake_mcp_server import CLIENT, SECRET, Pki, Reply, running_fake
from tests.support.ports import free_ports


async def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MCP_")}
    command = [sys.executable, "-m", "gateway", "doctor", *arguments]
    return await to_thread(
        subprocess.run, command, env=clean | environment, capture_output=True, text=True, timeout=60, check=False
    )


async def test_a_healthy_server_ends_with_0_and_the_token_is_nowhere(pki: Pki) -> None:
    async with running_fake(pki.server()) as fake:
        given = {"MCP_TOKEN": fake.token(), "MCP_INTROSPECT_SECRET": SECRET}
        done = await run(fake.url, "--ca", str(pki.ca), "--introspect-client", CLIENT, **given)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "failure" not in done.stdout
        assert "Introspection     active, for this URL" in done.stdout
        assert not [s for s in (*fake.token().split("."), SECRET) if s in done.stdout + done.stderr]


async def test_a_failure_ends_with_1_and_is_in_the_json(pki: Pki) -> None:
    async with running_fake(pki.server(), lambda q, r: r.without("WWW-Authenticate")) as fake:
        done = await run(fake.url, "--ca", str(pki.ca), "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["ok"], told["url"]) == (1, False, fake.url)
    assert [f["step"] for f in told["findings"] if f["level"] == "failure"] == ["challenge", *["garbage-token"] * 2]


async def test_warnings_end_with_0(pki: Pki) -> None:
    async with running_fake(pki.server(), lambda q, r: r.having(Server="x/1.0")) as fake:
        done = await run(fake.url, "--ca", str(pki.ca))
    assert (done.returncode, "warning      Banner            server: x/1.0; fix:" in done.stdout) == (0, True)


async def test_a_closed_port_ends_with_1_and_one_line_for_all_that_was_not_checked() -> None:
    (port,) = free_ports(1)
    done = await run(f"https://localhost:{port}/mcp")
    lines = done.stdout.splitlines()
    assert (done.returncode, len(lines)) == (1, 4), done.stdout
    assert lines[-1] == "1 ok, 1 failure, 26 not checked"


async def test_a_server_that_is_no_mcp_server_ends_with_1(pki: Pki) -> None:
    async with running_fake(pki.server(), lambda q, r: Reply(200, b"<p>", {"Content-Type": "text/html"})) as fake:
        done = await run(fake.url, "--ca", str(pki.ca))
    assert done.returncode == 1
    assert "no MCP server here: POST is answered 200, text/html; fix: check the path: a gateway" in done.stdout


def let_in(request: object, reply: Reply) -> Reply:
    """A server that asks nobody for a token."""
    results = {"serverInfo": {"name": "open"}, "protocolVersion": "2025-11-25", "tools": [{"name": "x"}]}
    return Reply(200, {"jsonrpc": "2.0", "id": 1, "result": results}) if reply.status == 401 else reply


async def test_an_open_server_is_examined_without_a_token_and_warned_of(pki: Pki) -> None:
    """Its protocol and tools are checked all the same; of OAuth there is nothing to check."""
    async with running_fake(pki.server(), let_in) as fake:
        done = await run(fake.url, "--ca", str(pki.ca))
    assert (
        "warning      Without a token   answers 200 without a token: it is open to everybody; fix: put" in done.stdout
    )
    assert "x has no inputSchema" in done.stdout
    assert "the server asks for no token (CORS on the 401, " in done.stdout


@pytest.mark.parametrize("given", [{"MCP_TOKEN": "a-token"}, {"--sign-in": ""}], ids=["token", "sign-in"])
async def test_an_open_server_is_a_failure_to_whoever_brings_what_opens_doors(pki: Pki, given: dict[str, str]) -> None:
    options = [name for name in given if name.startswith("--")]
    async with running_fake(pki.server(), let_in) as fake:
        done = await run(fake.url, "--ca", str(pki.ca), *options, MCP_TOKEN=given.get("MCP_TOKEN", ""))
    assert done.returncode == 1
    assert "open to everybody, and your token is not asked for; fix: put a gateway before it" in done.stdout


async def test_a_token_that_cannot_be_sent_is_named_by_where_it_came_from() -> None:
    done = await run("https://a.example/", MCP_TOKEN="a b")
    assert (done.returncode, done.stderr) == (
        2,
        "mcp-gateway: MCP_TOKEN has characters that cannot stand in a header\n",
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["gateway.example/mcp"], "did you mean https://gateway.example/mcp?"),
        (["https://a.example/", "--introspect-url", "foo"], "--introspect-url is an https URL"),
        (["https://a.example/", "--introspect-url", "http://a.example/"], "--introspect-url is an https URL"),
        (["https://a.example/", "--origin", "foo"], "--origin is scheme, host and port"),
        (["https://a.example/", "--origin", "http://a.example/"], "--origin is scheme, host and port"),
        (["https://a.example/", "--user", "somebody"], "--user is for --sign-in"),
        (["https://a.example/", "--password", "hunter2"], "--password is for --sign-in"),
        (["https://a.example/", "--introspect-client", "a"], "in MCP_INTROSPECT_SECRET"),
        (["https://a.example/?token=hunter2"], "give the server's address alone"),
        (["https://a.example/", "--token", "hunter2\r\nX: y"], "--token has characters"),
        (["https://a.example/", "--ca", "README.md"], "holds no PEM certificate"),
        (["https://a.example/", "--sign-in", "--user", "somebody"], "The password of somebody is not known"),
        (["https://a.example/", "--http-port", "0"], "--http-port"),
        ([], "Missing argument"),
    ],
)
async def test_bad_usage_ends_with_2_and_says_what_was_bad(arguments: list[str], told: str) -> None:
    done = await run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert "hunter2" not in done.stderr


async def test_a_token_in_the_environment_is_sent_to_the_url_that_was_typed_only(pki: Pki) -> None:
    async with running_fake(pki.server()) as fake:
        await run(fake.url, "--ca", str(pki.ca), MCP_TOKEN=fake.token())
        assert {p for _, p, h in fake.seen if fake.token() in h.get("Authorization", "")} == {"/mcp/fake"}
