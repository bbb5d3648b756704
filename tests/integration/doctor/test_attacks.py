"""The attacks, at gateways that fall for one kind of them each, and at such as mean harm to the doctor."""

import io
import json
import time
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from gateway.doctor.attacks.attack import Attack, Known
from gateway.doctor.attacks.run import Fought, attack
from gateway.doctor.attacks.shown import Table, fails, summary, to_json
from gateway.doctor.attacks.table import MAKERS, attacks_on
from gateway.doctor.case import Options
from gateway.doctor.examine import open_case
from gateway.doctor.findings import Level, Outcome
from gateway.doctor.target import parse_target
from rich.console import Console

from tests.integration.doctor import falling_at_the_door, falling_inside
from tests.integration.doctor.falling import Falling
from tests.integration.doctor.test_command import run
from tests.support.fake_gateway import HANG, TOKEN, Asked, FakeGateway, Flaw, answer, result, running_gateway
from tests.support.fake_mcp_server import Pki

FALLING = falling_at_the_door.FALLING | falling_inside.FALLING
Attacks = Callable[[Known], Iterable[Attack]]


async def fought(gateway: FakeGateway, attacks: Attacks = attacks_on, **changes: Any) -> list[Fought]:
    return (await everything(gateway, attacks, **changes))[1]


async def everything(
    gateway: FakeGateway, attacks: Attacks = attacks_on, **changes: Any
) -> tuple[list[Outcome], list[Fought]]:
    given: dict[str, Any] = {"token": TOKEN, "step_seconds": 2.0}
    options = Options(**(given | changes))
    found = [one async for one in attack(open_case(parse_target(gateway.url), options), attacks)]
    return [one for one in found if isinstance(one, Outcome)], [one for one in found if isinstance(one, Fought)]


def attacks_of(*names: str) -> Attacks:
    makers = [maker for maker in MAKERS if maker.__name__.rpartition(".")[2] in names]
    return lambda known: [one for maker in makers for one in maker.attacks(known)]


def by_level(all_fought: list[Fought], *levels: Level) -> dict[str, Fought]:
    return {one.attack.title: one for one in all_fought if one.finding.level in levels}


async def test_a_strict_gateway_withstands_all_in_few_requests() -> None:
    async with running_gateway() as gateway:
        before, found = await everything(gateway)
    assert not by_level(found, Level.FAILURE, Level.WARNING, Level.NOT_CHECKED)
    assert not fails(before, found)
    assert 100 < len(found) <= len(gateway.seen) < 135


@pytest.mark.parametrize("falling", FALLING.values(), ids=FALLING)
async def test_who_falls_for_a_kind_of_attack_is_blamed_for_it_alone_with_cause_and_fix(falling: Falling) -> None:
    async with running_gateway(falling.flaw) as gateway:
        found = await fought(gateway, falling.maker.attacks)
    blamed = by_level(found, Level.FAILURE, Level.WARNING)
    assert set(blamed) == falling.blamed
    for one in blamed.values():
        assert falling.cause in one.finding.text
        assert one.finding.fix == one.attack.fix


def test_every_attack_has_a_gateway_that_falls_for_it() -> None:
    blamed = set[str]().union(*(falling.blamed for falling in FALLING.values()))
    assert {falling.maker for falling in FALLING.values()} == set(MAKERS)
    # Those left over are credentials that differ from tested ones in a character; unit tests have their judges
    assert len(blamed) > 100


async def test_over_tls_and_without_a_token_what_needs_one_is_not_checked(pki: Pki) -> None:
    async with running_gateway(tls=pki.server()) as gateway:
        attacks = attacks_of("identity", "credentials", "forgeries", "bodies", "scopes", "pages")
        found = await fought(gateway, attacks, trust=pki.trust(), token=None)
    assert not by_level(found, Level.FAILURE, Level.WARNING)
    unchecked = by_level(found, Level.NOT_CHECKED)
    assert len(found) - len(unchecked) > 20
    assert {one.attack.kind for one in unchecked.values()} == {"S1", "S2", "S4", "S12", "S14", "S16"}


async def test_a_server_that_is_open_to_everybody_is_asked_only_what_it_can_be_asked() -> None:
    def opened(asked: Asked) -> bytes | None:
        return FakeGateway.healthy(gateway, with_token(asked)) if asked.headers and not asked["authorization"] else None

    async with running_gateway(opened) as gateway:
        found = await fought(gateway, attacks_of("credentials", "bodies", "pages"), token=None)
    assert not by_level(found, Level.FAILURE)
    reasons = {one.finding.text for one in by_level(found, Level.NOT_CHECKED).values()}
    assert "it is open to everybody: nothing is refused" in reasons


def with_token(asked: Asked) -> Asked:
    headers = {**(asked.headers or {}), "authorization": f"Bearer {TOKEN}"}
    return Asked(asked.raw, asked.method, asked.path, headers, asked.body)


async def test_a_server_that_never_answers_is_given_up_on() -> None:
    started = time.monotonic()
    async with running_gateway(lambda _: HANG) as gateway:
        before, found = await everything(gateway, step_seconds=0.5)
    assert time.monotonic() - started < 30
    assert fails(before, found)
    assert {one.finding.text for one in found} == {"the first request got no answer"}


async def test_a_server_that_stops_answering_is_blamed_for_the_attack_that_did_it_and_given_up_on() -> None:
    def dies(asked: Asked) -> bytes | None:
        return HANG if any(b"TRACE" in seen.raw for seen in gateway.seen) else None

    started = time.monotonic()
    async with running_gateway(dies) as gateway:
        found = await fought(gateway, attacks_of("methods", "sizes"), step_seconds=0.5)
    assert time.monotonic() - started < 30
    (blamed,) = by_level(found, Level.FAILURE).values()
    assert blamed.attack.title == "the method TRACE"
    assert {one.finding.text for one in by_level(found, Level.NOT_CHECKED).values()} == {
        "the server has stopped answering, after: the method TRACE"
    }


async def test_all_ends_with_the_time_that_was_given() -> None:
    started = time.monotonic()
    async with running_gateway(hangs_unless_good) as gateway:
        found = await fought(gateway, attacks_of("identity", "hosts"), total_seconds=3.0, step_seconds=0.5)
    assert time.monotonic() - started < 20
    assert "the 3 s for everything are over" in {one.finding.text for one in found}
    assert {one.finding.text for one in by_level(found, Level.FAILURE).values()} <= {"the request hangs"}


def hangs_unless_good(asked: Asked) -> bytes | None:
    return HANG if asked["authorization"] != f"Bearer {TOKEN}" and b"X-" in asked.raw else None


async def test_a_rate_limit_is_waited_for_and_is_no_refusal() -> None:
    limits = limited(2)
    async with running_gateway(limits) as gateway:
        found = await fought(gateway, attacks_of("identity"))
    assert not by_level(found, Level.FAILURE, Level.NOT_CHECKED)


async def test_a_rate_limit_without_end_is_not_checked_and_says_to_wait() -> None:
    def always(asked: Asked) -> bytes | None:
        return answer(429, Retry_After="0") if b"X-User-Sub" in asked.raw else None

    async with running_gateway(always) as gateway:
        found = await fought(gateway, attacks_of("identity"))
    assert by_level(found, Level.NOT_CHECKED)["X-User-Sub and X-User-Scopes"].finding.text.startswith("429")


def limited(times: int) -> Flaw:
    left = [times]

    def flaw(asked: Asked) -> bytes | None:
        if b"Remote-User" in asked.raw and left[0]:
            left[0] -= 1
            return answer(429, Retry_After="0")
        return None

    return flaw


async def test_a_server_that_sends_everything_back_does_not_get_the_token_printed() -> None:
    def echo(asked: Asked) -> bytes | None:
        sent = asked["authorization"]
        is_walk = sent == f"Bearer {TOKEN}" or not sent
        return None if is_walk else answer(500, sent, WWW_Authenticate=sent, Location=sent, Server=sent)

    async with running_gateway(echo) as gateway:
        before, found = await everything(gateway, attacks_of("credentials", "forgeries"))
        shown = to_json(gateway.url, before, found)
    assert fails(before, found)
    assert not [part for part in TOKEN.split(".") if part in shown]


async def test_a_flood_of_bytes_as_an_answer_is_cut_off() -> None:
    flood = b"HTTP/1.1 401 No\r\nTransfer-Encoding: chunked\r\n\r\n" + b"fffff\r\n" + b"a" * 4 * 1024 * 1024

    async with running_gateway(lambda asked: flood if b"X-User-Sub" in asked.raw else None) as gateway:
        found = await fought(gateway, attacks_of("identity"))
    assert by_level(found, Level.OK)["X-User-Sub and X-User-Scopes"].seen == "401"


async def test_a_session_that_was_opened_for_the_attacks_is_ended() -> None:
    def stateful(asked: Asked) -> bytes | None:
        if b'"initialize"' in asked.body and asked["authorization"] == f"Bearer {TOKEN}":
            opened = {"protocolVersion": "2025-11-25", "serverInfo": {"name": "fake"}, "capabilities": {}}
            return answer(200, {"jsonrpc": "2.0", "id": 1, "result": opened}, Mcp_Session_Id="session-1")
        return None

    async with running_gateway(stateful) as gateway:
        await fought(gateway, attacks_of("scopes"))
    assert (gateway.seen[-1].method, gateway.seen[-1]["mcp-session-id"]) == ("DELETE", "session-1")


async def test_a_person_sees_a_table_with_a_line_for_all_that_one_reason_made_impossible() -> None:
    def traces(asked: Asked) -> bytes | None:
        return result({}) if asked.raw.startswith(b"TRACE") else None

    async with running_gateway(traces) as gateway:
        found = await fought(gateway, attacks_of("methods", "bodies"), token=None)
    written = io.StringIO()
    table = Table(Console(file=written, width=40, highlight=False, markup=False, emoji=False))
    for one in found:
        table.show(one)
    table.flush()
    lines = written.getvalue().splitlines()
    assert lines[1] == "            class attack                                   expected           seen"
    assert "ok          S8    CONNECT                                  refused            400" in lines
    (blamed,) = [line for line in lines if line.startswith("failure")]
    assert blamed.startswith(
        "failure     S8    the method TRACE                         refused            200    it is let in; fix: let"
    )
    assert lines[-2].startswith(
        "not checked S12   18 attacks                               an error           -      there is no token"
    )
    assert summary(found) == "10 ok, 1 failure, 19 not checked"


async def test_the_command_ends_with_1_and_tells_in_json_what_was_expected_seen_and_mends_it() -> None:
    async with running_gateway(lambda asked: result({}) if asked.raw.startswith(b"TRACE") else None) as gateway:
        done = await run(gateway.url, "--attacks", "--json", MCP_TOKEN=TOKEN)
    told = json.loads(done.stdout)
    (blamed,) = [one for one in told["attacks"] if one["level"] == "failure"]
    assert (done.returncode, told["ok"], told["counts"]["failure"]) == (1, False, 1)
    assert blamed == {
        "class": "S8",
        "attack": "the method TRACE",
        "expected": "refused",
        "seen": "200",
        "level": "failure",
        "text": "it is let in",
        "fix": blamed["fix"],
    }
    assert not [part for part in TOKEN.split(".") if part in done.stdout + done.stderr]
    assert blamed["fix"].startswith("let POST, GET, DELETE and OPTIONS pass")
