"""Tokens that nobody has asked about yet: how often Keycloak is asked, how long that takes, and what it costs us."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from bench.behind import Behind, behind_a_door, door_before, remembering
from bench.burst import Burst, burst, calls
from bench.cpu import Pids, cpu_of, since
from bench.figures import Spread
from bench.lab import Lab
from bench.load import Implausible, Target, run
from bench.measure import introspecting
from bench.progress import say
from bench.settling import questions
from bench.standin import shaped_tokens

DELAY_MS = 50
"""Of the stand-in where the requests of a burst shall all find the question under way."""

TTL_SECONDS = 5
SUPPLY = 10_000
"""Tokens of a round, more than the load source can use up while every one shall be cold."""

WARM = 500
"""Of these, so many are asked about no more."""


def measure(lab: Lab) -> dict[str, Any]:
    return {
        "one_token": _one_token(lab),
        "many_tokens": _many_tokens(lab),
        "client": _client(lab) | {"alone": introspecting.measure(lab)},
        "made": f"{lab.plan.rounds} round{'s' if lab.plan.rounds > 1 else ''}",
    }


def _one_token(lab: Lab) -> dict[str, Any]:
    """Bursts with one cold token, and again right after its answer ended in the cache. The most that was ever asked."""
    (real,) = lab.tokens(1)
    rounds: dict[str, list[tuple[Burst, int]]] = {"cold": [], "expired": []}
    with behind_a_door(lab, "one", {"INTROSPECTION_TTL_SECONDS": str(TTL_SECONDS)}, delay_ms=DELAY_MS) as bench:
        for token in shaped_tokens(real, lab.plan.rounds):
            rounds["cold"].append(_counted(bench, [token] * lab.plan.burst, lab))
            time.sleep(TTL_SECONDS)  # the answer ends in the cache
            rounds["expired"].append(_counted(bench, [token] * lab.plan.burst, lab))
    asked = {name: max(count for _, count in taken) for name, taken in rounds.items()}
    say(f"  one cold token: {asked['cold']} introspection(s), at expiry {asked['expired']}")
    told = {
        name: {"introspections": asked[name], **_told([answers for answers, _ in taken])}
        for name, taken in rounds.items()
    }
    return {"requests": lab.plan.burst, **told}


def _many_tokens(lab: Lab) -> dict[str, Any]:
    """As many cold tokens of the real Keycloak at once, through us; and as many, asked of Keycloak directly."""
    ours, direct, issuing, introspecting_us = [], [], [], []
    keycloak = {"keycloak": lab.stack.pids()["keycloak"]}
    with lab.authorizer("many") as authorizer, door_before(lab, authorizer) as url:
        for _ in range(lab.plan.rounds):
            before = cpu_of(keycloak)
            tokens, others = lab.tokens(lab.plan.burst), lab.tokens(lab.plan.burst)
            issuing.append(_each(before, keycloak, 2 * lab.plan.burst))
            direct.append(burst(lab.introspection_url, questions(lab, others)))
            before = cpu_of(keycloak)
            ours.append(burst(url, calls(tokens, lab.body())))
            introspecting_us.append(_each(before, keycloak, lab.plan.burst))
            say(f"  {len(tokens)} cold tokens: p99 {ours[-1].at(99):.0f} ms, {ours[-1].statuses}")
    return {
        "requests": lab.plan.burst,
        "keycloak_us": statistics.median(introspecting_us),
        "issuing_us": statistics.median(issuing),
        "directly": _told(direct),
        **_told(ours),
    }


def _client(lab: Lab) -> dict[str, Any]:
    """CPU of a cold request less that of a warm one: asking, reading the answer, remembering it."""
    (real,) = lab.tokens(1)
    tokens = shaped_tokens(real, SUPPLY * lab.plan.rounds)
    costs, rates = [], []
    with behind_a_door(lab, "client", remembering(len(tokens))) as bench:
        for number in range(lab.plan.rounds):
            fresh = tokens[number * SUPPLY : (number + 1) * SUPPLY]
            all_cold = Target(bench.url, lab.token_file("cold", fresh), lab.body(), bench.authorizer.pids)
            asked = bench.keycloak.asked()
            cold = run(all_cold, lab.plan.cold_seconds)
            if (asked := bench.keycloak.asked() - asked) < cold.requests:
                raise Implausible(f"{asked} introspections for {cold.requests} requests: not every one was cold")
            again = lab.token_file("again", fresh[: min(WARM, cold.requests)])
            warm = run(Target(bench.url, again, lab.body(), bench.authorizer.pids), 2)
            costs.append(cold.cpu_us["authorizer"] - warm.cpu_us["authorizer"])
            rates.append(cold.per_second)
    say(f"  introspection client: {statistics.median(costs):.0f} µs of CPU a call")
    return {"cpu_us": asdict(Spread.of(costs)), "per_second": asdict(Spread.of(rates))}


def _counted(bench: Behind, tokens: Sequence[str], lab: Lab) -> tuple[Burst, int]:
    before = bench.keycloak.asked()
    answers = burst(bench.url, calls(tokens, lab.body()))
    return answers, bench.keycloak.asked() - before


def _each(before: dict[str, float], pids: Pids, count: int) -> float:
    """Microseconds of CPU since ``before``, for each of so many."""
    return sum(since(before, pids).values()) / count * 1e6


def _told(rounds: Sequence[Burst]) -> dict[str, Any]:
    """All answers of all rounds by status, and percentiles of a round."""
    statuses: dict[int, int] = {}
    for one in rounds:
        for status, count in one.statuses.items():
            statuses[status] = statuses.get(status, 0) + count
    return {"statuses": statuses, **{f"p{at}_ms": asdict(Spread.of([one.at(at) for one in rounds])) for at in (50, 99)}}
