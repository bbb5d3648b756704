"""Walks through the attacks, one after the other, under one deadline."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from gateway.client.refusals import retry_after
from gateway.doctor.attacks.attack import Attack, Known
from gateway.doctor.attacks.exchange import SECONDS, End, Heard, exchange
from gateway.doctor.attacks.identity import LIST
from gateway.doctor.attacks.table import attacks_on
from gateway.doctor.case import Case
from gateway.doctor.cleaning import clean, secrets_of
from gateway.doctor.examine import outcomes
from gateway.doctor.findings import Finding, Level, Outcome, failure, not_checked, ok
from gateway.doctor.rpc import Era, reply
from gateway.doctor.table import STEPS
from gateway.doctor.target import is_safe
from gateway.doctor.wire import TOO_MANY, NoAnswer

BEFORE = ("dns", "tcp", "certificate", "challenge", "resource-metadata", "token", "protocol")
"""The steps of the walk whose outcome the attacks are made from."""

TRIES = 4
LONGEST_WAIT = 5.0
"""Seconds. Where a rate limit answers instead, it is waited for, a few times."""


@dataclass(frozen=True, slots=True)
class Fought:
    """An attack and what became of it."""

    attack: Attack
    seen: str
    finding: Finding


@dataclass(slots=True)
class Battle:
    """One run. `over` says why nothing more can be asked."""

    case: Case
    known: Known
    ends: float
    seconds: float
    over: str | None = None
    secrets: list[str] = field(default_factory=list, repr=False)

    async def fight(self, attack: Attack) -> Fought:
        """Send it, and judge; clean of secrets, whatever the server sent back."""
        seen, finding = await self._judged(attack)
        return Fought(attack, seen, clean(finding, self.secrets))

    async def _judged(self, attack: Attack) -> tuple[str, Finding]:
        self._look_at_the_clock()
        if reason := self.over or attack.blocked:
            return "", not_checked(reason)
        try:
            heard = await self._ask(attack)
            if heard.end is End.SILENT and self._look_at_the_clock():
                return "", not_checked(str(self.over))  # it was cut short, which says nothing
            if heard.end is not End.COMPLETE and not await self._is_alive():
                self.over = f"the server has stopped answering, after: {attack.title}"
                return str(heard), failure("it no longer answers as before", attack.fix)
        except NoAnswer as error:
            return "", not_checked(f"{error.text}: {error.fix}")
        fault = attack.expected.judge(heard)
        bad = Finding(attack.expected.level, fault or "", attack.fix)
        return str(heard), bad if fault else ok("as expected")

    def _look_at_the_clock(self) -> bool:
        """Whether all time is over."""
        is_late = asyncio.get_running_loop().time() >= self.ends
        if is_late and not self.over:
            self.over = f"the {self.case.options.total_seconds:.0f} s for everything are over"
        return is_late

    async def _ask(self, attack: Attack) -> Heard:
        """Ask, and again where a rate limit answered: of the attack that says nothing.

        Raises:
            NoAnswer: it says nothing else, or there is no connection.
        """
        case, linger = self.case, attack.expected.linger
        for _ in range(TRIES):
            left = max(0.1, min(self.seconds, self.ends - asyncio.get_running_loop().time()))
            heard = await exchange(case.target, case.options.trust, attack.request, seconds=left, linger=linger)
            if heard.status != TOO_MANY or heard.first is None:
                return heard
            wait = retry_after(heard.first.headers)
            await asyncio.sleep(LONGEST_WAIT / TRIES if wait is None else min(wait, LONGEST_WAIT))
        raise NoAnswer("429, too many requests", "wait a minute and run this again")

    async def _is_alive(self) -> bool:
        """Whether a good request is still answered as before; a crash is no refusal."""
        request = self.known.post(*self.known.inside)
        with suppress(NoAnswer):
            heard = await exchange(self.case.target, self.case.options.trust, request, seconds=self.seconds)
            return heard.end is End.COMPLETE
        return False


async def attack(
    case: Case, attacks: Callable[[Known], Iterable[Attack]] = attacks_on
) -> AsyncIterator[Outcome | Fought]:
    """The steps before, then each attack, as they come."""
    ends = asyncio.get_running_loop().time() + case.options.total_seconds
    try:
        async for outcome in outcomes(case, [step for step in STEPS if step.key in BEFORE], ends):
            yield outcome
        seconds = min(SECONDS, case.options.step_seconds)
        battle = Battle(case, _known(case), ends, seconds, secrets=secrets_of(case))
        battle.over = case.blocked
        if not battle.over:
            battle.known = await _scouted(battle)
        for one in attacks(battle.known):
            yield await battle.fight(one)
    finally:
        await _end_session(case)
        await case.wire.aclose()


def _known(case: Case) -> Known:
    safe = is_safe(case.target.url)
    token = case.wire.token if safe and case.token_works else None
    without = "there is no token: give one by --token or MCP_TOKEN" if safe else "the token is not sent over plain HTTP"
    refused = "the server refuses the token" if case.wire.token and safe else without
    return Known(
        target=case.target,
        origin=case.options.origin,
        token=token,
        refusal=case.refusal,
        issuer=case.issuer,
        metadata_url=case.metadata_url,
        scopes=case.scopes,
        session=case.session,
        speaks_modern=Era.MODERN in case.eras,
        tools=[],
        tools_answer=None,
        shut="it is open to everybody: nothing is refused" if case.is_open else None,
        no_entry=None if token or case.is_open else refused,
    )


async def _scouted(battle: Battle) -> Known:
    """With the list of tools, by the same means as the attacks, so that the answers can be compared."""
    known = battle.known
    if known.no_entry:
        return known
    request = known.post(*known.inside, body=LIST)
    with suppress(NoAnswer):
        heard = await exchange(known.target, battle.case.options.trust, request, seconds=battle.seconds)
        result = (reply(heard.first) or {}).get("result") if heard.first else None
        tools = result.get("tools") if isinstance(result, dict) else None
        if isinstance(tools, list):
            return replace(known, tools=[t for t in tools if isinstance(t, dict)], tools_answer=heard.first)
    return known


async def _end_session(case: Case) -> None:
    """What the handshake opened, if anything."""
    if "Mcp-Session-Id" in case.session:
        with suppress(NoAnswer):
            await case.wire.ask("DELETE", case.target.url, headers=case.session, with_token=True)


def has_failure(fought: list[Fought]) -> bool:
    """Whether one of them is a failure."""
    return any(one.finding.level is Level.FAILURE for one in fought)
