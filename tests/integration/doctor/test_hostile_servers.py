"""A server that means harm gets nothing: no token, no terminal, no memory, no time without end."""

import asyncio
import json
from dataclasses import asdict, replace

import pytest
from aiohttp import web
from gateway.doctor.case import SignIn
from gateway.doctor.cleaning import HIDDEN, LONGEST
from gateway.doctor.examine import examine
from gateway.doctor.findings import Level, Outcome
from gateway.doctor.target import parse_target
from gateway.doctor.wire import MAX_BODY_BYTES

from tests.integration.doctor.conftest import Examine, by_step, everything
from tests.support.fake_mcp_server import (
    MCP,
    REALM,
    SECRET,
    FakeServer,
    Pki,
    Reply,
    Spoil,
    healthy,
    running_fake,
)

SERVER = f"/.well-known/oauth-authorization-server{REALM}"


async def outcomes_of(pki: Pki, spoil: Spoil, **changes: object) -> tuple[FakeServer, list[Outcome]]:
    async with running_fake(pki.server(), spoil) as fake:
        return fake, await examine(parse_target(fake.url), everything(pki, fake, **changes))


def echo(request: web.Request, reply: Reply) -> Reply:
    """Everything that was sent, sent back wherever the doctor looks."""
    sent = request.headers.get("Authorization", "nothing").removeprefix("Bearer ").removeprefix("Basic ")
    if request.path == MCP and "Authorization" in request.headers:
        challenge = f'Bearer error="invalid_token", error_description="{"x" * 270}{sent}", scope="{sent}"'
        return Reply(401, {"error": sent}, {"WWW-Authenticate": challenge, "Server": f"1 {sent}", "Allow": sent})
    if request.path == f"{REALM}/introspect":
        return Reply(500, {"active": sent})
    return reply


async def test_a_server_that_sends_the_token_back_does_not_get_it_printed(pki: Pki) -> None:
    fake, outcomes = await outcomes_of(pki, echo)
    shown = json.dumps([asdict(outcome) for outcome in outcomes])
    pieces = [fake.token()[:12], *fake.token().split("."), SECRET]
    assert not [piece for piece in pieces if piece in shown]
    assert HIDDEN in shown, "the server's words were to be shown, for this test to say anything"


async def test_secrets_of_a_registration_are_not_printed(pki: Pki) -> None:
    _, outcomes = await outcomes_of(pki, healthy)
    (finding,) = by_step(outcomes)["registration"]
    assert "registered fake-client" in finding.text
    assert "dropped or changed: scope" in finding.text
    assert SECRET not in str(outcomes)


async def test_nobody_registers_anything_unasked(pki: Pki) -> None:
    fake, outcomes = await outcomes_of(pki, healthy, register=False)
    assert f"{REALM}/register" not in [path for _, path, _ in fake.seen]
    assert "--register tries it" in by_step(outcomes)["registration"][0].text


async def test_the_token_goes_to_the_mcp_server_only(pki: Pki) -> None:
    fake, _ = await outcomes_of(pki, healthy)
    paths = {path for _, path, headers in fake.seen if fake.token() in headers.get("Authorization", "")}
    assert paths == {MCP}


async def test_no_answer_leads_the_token_or_the_secret_to_another_origin(pki: Pki) -> None:
    async with running_fake(pki.server()) as thief:

        def spoil(request: web.Request, reply: Reply) -> Reply:
            if request.path == SERVER:
                return reply.saying(introspection_endpoint=f"{thief.origin}/introspect")
            if request.path == MCP and "Authorization" in request.headers:
                return Reply(307, None, {"Location": thief.url})
            return reply

        fake, outcomes = await outcomes_of(pki, spoil)
        assert thief.seen == []
    assert "neither secret nor token is sent there" in by_step(outcomes)["introspection"][0].text
    assert fake.seen


async def test_a_password_goes_to_no_issuer_but_our_own(pki: Pki) -> None:
    def get_token(scopes: list[str]) -> str:
        raise AssertionError("it was about to sign in")

    how = SignIn("https://localhost:1/realms/mcp-gateway", get_token, "a password")
    _, outcomes = await outcomes_of(pki, healthy, token=None, sign_in=how)
    (finding,) = by_step(outcomes)["token"]
    assert finding.level is Level.WARNING
    assert "this gateway's is https://localhost:1/realms/mcp-gateway" in finding.text


async def test_signing_in_at_our_issuer_asks_for_what_the_challenge_names(pki: Pki) -> None:
    asked: list[list[str]] = []
    async with running_fake(pki.server()) as fake:

        def get_token(scopes: list[str]) -> str:
            asked.append(scopes)
            return fake.token()

        options = everything(pki, fake, token=None, sign_in=SignIn(fake.issuer, get_token, None))
        found = by_step(await examine(parse_target(fake.url), options))
    assert asked == [["mcp:fake"]]
    assert found["token"][0].text == "accepted (200)"


async def test_escape_sequences_reach_no_terminal(pki: Pki) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\u202e\r\n\x9b31m"

    def spoil(request: web.Request, reply: Reply) -> Reply:
        if isinstance(reply.body, dict) and "serverInfo" in reply.body.get("result", {}):
            return replace(reply, body=reply.body | {"result": {"serverInfo": {"name": evil}, "protocolVersion": evil}})
        return reply.saying(issuer=evil) if request.path == SERVER else reply

    _, outcomes = await outcomes_of(pki, spoil)
    texts = [text for o in outcomes for f in o.findings for text in (f.text, f.fix or "")]
    assert any("]0;owned" in text for text in texts)
    assert all(text.isprintable() and len(text) <= LONGEST + 1 for text in texts)


@pytest.mark.parametrize(
    "body", [b"[" * 200_000, b"9" * 10_000, b'{"a":' * 100_000, b"\xff\xfe", b"null", b"[]", b'"x"', b"{}"]
)
async def test_json_that_breaks_readers_is_an_answer_like_any_other(pki: Pki, body: bytes) -> None:
    _, outcomes = await outcomes_of(pki, lambda q, r: r if r.status == 401 else Reply(200, body))
    assert by_step(outcomes)["resource-metadata"][0].level is Level.FAILURE
    assert by_step(outcomes)["tools"][0].level is not Level.OK


ODD: tuple[object, ...] = (None, 5, "x", [], [5], {}, {"a": None}, [[]], True)


@pytest.mark.parametrize("value", ODD, ids=repr)
async def test_members_of_odd_types_stop_nothing(pki: Pki, value: object) -> None:
    def spoil(request: web.Request, reply: Reply) -> Reply:
        if not isinstance(reply.body, dict) or reply.status == 401:
            return reply
        inner = reply.body.get("result")
        if isinstance(inner, dict):
            return replace(reply, body=reply.body | {"result": dict.fromkeys(inner, value) | {"x": 1}})
        kept = ("authorization_servers",) if request.path != f"{REALM}/introspect" else ()
        return replace(reply, body={name: text if name in kept else value for name, text in reply.body.items()})

    _, outcomes = await outcomes_of(pki, spoil)
    assert by_step(outcomes)["resource-metadata"][0].level is Level.FAILURE
    assert by_step(outcomes)["http2"][0].level is Level.OK, "the walk went on to its end"


async def test_a_huge_body_is_read_to_the_limit_only(fully: Examine) -> None:
    huge = b'{"resource": "' + b"x" * (3 * MAX_BODY_BYTES) + b'"}'
    found = await fully(lambda q, r: Reply(200, huge) if "protected-resource" in q.path else r)
    assert found["resource-metadata"][0].text.endswith("is no JSON object")


class Raw:
    """A server of bytes: answers every request with `first`, then a byte of `drip` every 20 ms for ever."""

    def __init__(self, first: bytes, drip: bytes) -> None:
        self._first, self._drip = first, drip

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(self._first)
            while True:
                writer.write(self._drip)
                await writer.drain()
                await asyncio.sleep(0.02)
        except (OSError, asyncio.IncompleteReadError):
            writer.close()


@pytest.mark.parametrize(
    ("first", "drip"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"a"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", b" "),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", b": still here\n\n"),
    ],
    ids=["headers", "body", "stream"],
)
async def test_an_answer_without_end_is_given_up(pki: Pki, first: bytes, drip: bytes) -> None:
    server = await asyncio.start_server(Raw(first, drip), "127.0.0.1", 0, ssl=pki.server())
    async with server:
        fake = FakeServer(server.sockets[0].getsockname()[1])
        options = everything(pki, fake, step_seconds=0.5, total_seconds=3.0)
        found = by_step(await asyncio.wait_for(examine(parse_target(fake.url), options), 60))
        server.close()
    assert found["challenge"][0].level is Level.FAILURE
    assert found["tools"][0].level is Level.NOT_CHECKED


async def test_what_comes_after_the_total_deadline_is_not_checked(pki: Pki) -> None:
    _, outcomes = await outcomes_of(pki, healthy, total_seconds=0.0)
    assert {f.text for o in outcomes for f in o.findings} == {"the 0 s for everything are over"}
