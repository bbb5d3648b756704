"""A server of somebody else's making is put behind a running gateway, used by real clients, and taken away again."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.support.own_servers import call_with_sdk, contents, notes_server, own_home
from tests.support.runner import eventually
from tests.support.stack import Stack, running_stack
from tests.support.watching import Watching

pytestmark = pytest.mark.timeout(900)  # whichever test comes first waits for a gateway, and for fastmcp's installation
INTERRUPTION_S = 5.0  # half a second on a machine with nothing else to do
METADATA = "/.well-known/oauth-protected-resource/mcp/notes"
ACCEPT = {"Accept": "application/json, text/event-stream"}
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}


@dataclass
class Added:
    """The gateway with the notes server behind it."""

    stack: Stack
    home: Path
    port: int
    said: str
    before: dict[str, bytes]
    outages: list[float] = field(default_factory=list)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return own_home(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def own_stack(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("own-stack"), MCP_GATEWAY_HOME=str(home)) as stack:
        yield stack


@pytest.fixture(scope="module")
def added(own_stack: Stack, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Added]:
    log = tmp_path_factory.mktemp("notes") / "notes.log"
    with notes_server(log) as port:
        before = contents(home)
        with Watching(own_stack) as watching:
            done = own_stack.cli(
                "add", "notes", f"http://127.0.0.1:{port}", "--yes",
                "--tool", "add_note", "--tool", "list_notes", "--tool", "forget_notes=mcp:notes:forget",
            )  # fmt: skip
        assert done.returncode == 0, done.stderr
        own_stack.rate_limit(enabled=False)  # Envoy is a new process, and has forgotten it
        yield Added(own_stack, home, port, done.stdout, before, watching.outages)


@pytest.mark.covers("M6", "G4", "G8")
def test_one_command_puts_a_server_behind_the_running_gateway(added: Added) -> None:
    """The official SDK calls its tools, with a token from a real sign-in for its scope alone."""
    token = added.stack.token("mcp:notes")
    done = call_with_sdk(added.stack, "/mcp/notes", token, "add_note", '{"text": "milk"}', "list_notes", "{}")
    assert done.returncode == 0, done.stderr
    tools, kept, listed = map(json.loads, done.stdout.splitlines())
    assert tools == ["add_note", "list_notes", "forget_notes"]
    assert not kept["is_error"]
    assert "milk" in listed["texts"][0]


@pytest.mark.covers("R1", "R2", "R5")
def test_the_new_server_is_a_resource_like_any_other(added: Added) -> None:
    with added.stack.client() as http:
        refused = http.post("/mcp/notes", json=INITIALIZE)
        metadata = http.get(METADATA).json()
        elsewhere = http.post(
            "/mcp/notes", json=INITIALIZE, headers={"Authorization": f"Bearer {added.stack.token('mcp:weather')}"}
        )
    assert (refused.status_code, elsewhere.status_code) == (401, 401)
    assert 'scope="mcp:notes"' in refused.headers["WWW-Authenticate"]
    assert metadata["resource"] == f"{added.stack.url}/mcp/notes"


@pytest.mark.covers("R3")
def test_a_tool_with_a_scope_of_its_own_needs_a_token_that_has_it(added: Added) -> None:
    refused = call_with_sdk(added.stack, "/mcp/notes", added.stack.token("mcp:notes"), "forget_notes", "{}")
    assert "lacks a scope" in refused.stderr
    both = added.stack.token("mcp:notes", "mcp:notes:forget")
    done = call_with_sdk(added.stack, "/mcp/notes", both, "forget_notes", "{}")
    assert done.returncode == 0, done.stderr


@pytest.mark.covers("M6")
def test_sessions_and_event_streams_pass_and_the_host_check_is_met(added: Added) -> None:
    """A conversation of the older era: a session, the stream of its own that a client opens by GET, its end."""
    direct = httpx.post(
        f"http://127.0.0.1:{added.port}/mcp", json=INITIALIZE, headers={**ACCEPT, "Host": "other.example"}
    )
    assert direct.status_code == 421, "the server was expected to refuse a foreign Host header"
    headers = {**ACCEPT, "Authorization": f"Bearer {added.stack.token('mcp:notes')}"}
    with added.stack.client(headers=headers) as http:
        opened = http.post("/mcp/notes", json=INITIALIZE, headers={"Origin": "http://localhost:6274"})
        assert opened.status_code == 200
        assert opened.headers["content-type"].startswith("text/event-stream")
        session = {"Mcp-Session-Id": opened.headers["mcp-session-id"], "MCP-Protocol-Version": "2025-11-25"}
        http.post("/mcp/notes", json={"jsonrpc": "2.0", "method": "notifications/initialized"}, headers=session)
        with http.stream("GET", "/mcp/notes", headers=session) as stream:
            assert stream.status_code == 200
            assert stream.headers["content-type"].startswith("text/event-stream")
        assert http.delete("/mcp/notes", headers=session).status_code == 200
        listing = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
        assert http.post("/mcp/notes", json=listing, headers=session).status_code == 404


@pytest.mark.covers("S6")
def test_no_path_of_the_server_but_its_own_is_reached(added: Added) -> None:
    headers = {**ACCEPT, "Authorization": f"Bearer {added.stack.token('mcp:notes')}"}
    with added.stack.client(headers=headers) as http:
        for path in ("/mcp/notes/", "/mcp/notes/-admin", "/mcp/notes/x/y?z=1", "/mcp/notes;x"):
            status = http.post(path, json=INITIALIZE).status_code
            assert status == (404 if ";" in path else 200), path


@pytest.mark.covers("F14")
def test_the_gateway_is_away_for_a_moment_only_while_it_takes_a_server_up(added: Added) -> None:
    assert sum(added.outages) < INTERRUPTION_S, added.outages


def test_the_difference_is_shown_before_it_is_written(added: Added) -> None:
    assert "+++ ext-authz/policy.yaml" in added.said
    assert "\n+      forget_notes: [mcp:notes:forget]\n" in added.said
    assert re.search(r"^\+ .*cluster: mcp_notes", added.said, re.MULTILINE)
    assert not [line for line in added.said.splitlines() if line.startswith("-") and not line.startswith("---")]


def test_a_second_server_of_the_same_name_is_refused_and_nothing_is_written(added: Added) -> None:
    now = contents(added.home)
    done = added.stack.cli("add", "notes", f"http://127.0.0.1:{added.port}", "--yes")
    assert done.returncode == 1
    assert "'notes' is there already" in done.stderr
    assert contents(added.home) == now


@pytest.mark.parametrize("how", [[], ["--direct"]], ids=str)
def test_coverage_names_a_tool_without_a_rule_and_a_rule_without_a_tool(added: Added, how: list[str]) -> None:
    whole = added.stack.cli("policy", "coverage", *how)
    assert (whole.returncode, whole.stderr) == (0, "")
    policy = added.home / "ext-authz" / "policy.yaml"
    good = policy.read_bytes()
    policy.write_bytes(good.replace(b"      list_notes: []", b"      lost_notes: []"))
    try:
        gaps = added.stack.cli("policy", "coverage", *how)
    finally:
        policy.write_bytes(good)
    assert gaps.returncode == 1
    assert "notes: the tool 'list_notes' has no rule" in gaps.stderr
    assert "notes: the rule for 'lost_notes' has no tool" in gaps.stderr


@pytest.mark.covers("F12")
def test_a_changed_policy_is_in_force_without_a_restart_and_a_bad_one_is_not(added: Added) -> None:
    """The token and its cached introspection stay good; what it may do follows the file."""
    policy, token = added.home / "ext-authz" / "policy.yaml", added.stack.token("mcp:notes")
    good, before = policy.read_bytes(), added.stack.pids()
    try:
        policy.write_bytes(good.replace(b"list_notes: []", b"list_notes: [mcp:notes:forget]"))
        eventually(lambda: _list_notes(added.stack, token) == 403)
        policy.write_bytes(good.replace(b"path: /mcp/notes", b"path: mcp/notes"))
        eventually(lambda: _health(added.stack)["components"]["policy"] == "refused")
        line = good[: good.index(b"path: /mcp/notes")].count(b"\n") + 1
        assert _health(added.stack)["policy"]["line"] == line
        assert _list_notes(added.stack, token) == 403
    finally:
        policy.write_bytes(good)
    eventually(lambda: _list_notes(added.stack, added.stack.token("mcp:notes")) == 200)
    eventually(lambda: _health(added.stack)["components"]["policy"] == "ok")  # a report is kept for a second
    assert added.stack.pids() == before


@pytest.mark.covers("T4", "S10")
def test_a_server_with_mutual_tls_is_added_with_its_name_checked(added: Added) -> None:
    """The weather server once more, as somebody else's would be: it takes nobody without Envoy's certificate."""
    url = f"https://127.0.0.1:{added.stack.settings.weather_port}/"
    without = added.stack.cli("add", "forecasts", url, "--our-ca", "--yes")
    assert (without.returncode, "cannot be asked for its tools" in without.stderr) == (1, True)
    try:
        done = added.stack.cli("add", "forecasts", url, "--mtls", "--tool", "get_uv_index", "--yes")
        assert done.returncode == 0, done.stderr
        added.stack.rate_limit(enabled=False)
        headers = {**ACCEPT, "Authorization": f"Bearer {added.stack.token('mcp:forecasts')}"}
        with added.stack.client(headers=headers) as http:
            reached = http.post("/mcp/forecasts", json=INITIALIZE)
    finally:
        added.stack.cli("remove", "forecasts", "--yes")
        added.stack.rate_limit(enabled=False)
    # The server itself says no: it wants the scope of its own name. Envoy would have said 503.
    assert (reached.status_code, "mcp:weather" in reached.text) == (403, True)


@pytest.mark.covers("O11")
def test_removing_it_takes_everything_back(added: Added) -> None:
    """The last test here: byte for byte the files of before, no route, no metadata, no scope in the realm."""
    token = added.stack.token("mcp:notes")
    done = added.stack.cli("remove", "notes", "--yes")
    assert done.returncode == 0, done.stderr
    assert contents(added.home) == added.before
    added.stack.rate_limit(enabled=False)
    with added.stack.client(headers={"Authorization": f"Bearer {token}"}) as http:
        assert http.get(METADATA).status_code == 404
        assert http.post("/mcp/notes", json=INITIALIZE).status_code == 404
        realm = http.get("/realms/mcp-gateway/.well-known/openid-configuration").json()
    assert "mcp:notes" not in realm["scopes_supported"]
    assert "mcp:weather" in realm["scopes_supported"]


def _list_notes(stack: Stack, token: str) -> int:
    """The status of a call, without a session: the authorizer decides before the server sees it."""
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "list_notes", "arguments": {}}}
    session = _session(stack, token)
    headers = {**ACCEPT, **session, "Authorization": f"Bearer {token}"}
    with stack.client(headers=headers) as http:
        return http.post("/mcp/notes", json=call).status_code


def _session(stack: Stack, token: str) -> dict[str, str]:
    headers = {**ACCEPT, "Authorization": f"Bearer {token}"}
    with stack.client(headers=headers) as http:
        opened = http.post("/mcp/notes", json=INITIALIZE)
    return {"Mcp-Session-Id": opened.headers.get("mcp-session-id", "")}


def _health(stack: Stack) -> dict[str, dict[str, object]]:
    with stack.client() as http:
        body: dict[str, dict[str, object]] = http.get("/health").json()
    return body
