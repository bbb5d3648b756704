"""Tokens that nobody has asked about yet: how often Keycloak is asked, how long that takes, and what it costs us."""

import time
from typing import Any

from bench.behind import Behind, behind_a_door, door_before, remembering
from bench.burst import Burst, burst
from bench.cpu import cpu_of, since
from bench.lab import Lab
from bench.load import Target, run
from bench.progress import say
from bench.standin import shaped_tokens

DELAY_MS = 50
"""Of the stand-in where the requests of a burst shall all find the question under way."""

TTL_SECONDS = 5
SUPPLY = 20_000
"""Tokens, more than the load source can use up while every one shall be cold."""

WARM = 500
"""Of these, so many are asked about no more."""


def measure(lab: Lab) -> dict[str, Any]:
    return {
        "one_token": _one_token(lab),
        "many_tokens": _many_tokens(lab),
        "client": _client(lab),
    }


def _one_token(lab: Lab) -> dict[str, Any]:
    """A burst with one cold token, and again right after its answer ended in the cache."""
    (real,) = lab.tokens(1)
    (token,) = shaped_tokens(real, 1)
    with behind_a_door(lab, "one", {"INTROSPECTION_TTL_SECONDS": str(TTL_SECONDS)}, delay_ms=DELAY_MS) as bench:
        cold, cold_asked = _counted(bench, [token] * lab.plan.burst, lab)
        time.sleep(TTL_SECONDS)  # the answer ends in the cache
        expired, expired_asked = _counted(bench, [token] * lab.plan.burst, lab)
    say(f"  one cold token: {cold_asked} introspection(s), at expiry {expired_asked}")
    return {
        "requests": lab.plan.burst,
        "cold": {"introspections": cold_asked, **_told(cold)},
        "expired": {"introspections": expired_asked, **_told(expired)},
    }


def _many_tokens(lab: Lab) -> dict[str, Any]:
    """As many cold tokens of the real Keycloak at once; it is what they wait for."""
    tokens = lab.tokens(lab.plan.burst)
    keycloak = {"keycloak": lab.stack.pids()["keycloak"]}
    with lab.authorizer("many") as authorizer, door_before(lab, authorizer) as url:
        before = cpu_of(keycloak)
        answers = burst(url, tokens, lab.body())
        used = since(before, keycloak)["keycloak"]
    say(f"  {len(tokens)} cold tokens: p99 {answers.at(99):.0f} ms, {answers.statuses}")
    return {
        "requests": len(tokens),
        "keycloak_us": used / len(tokens) * 1e6,
        "per_second": len(tokens) / (max(answers.milliseconds) / 1000),
        **_told(answers),
    }


def _client(lab: Lab) -> dict[str, Any]:
    """CPU of a cold request less that of a warm one: asking, reading the answer, remembering it."""
    (real,) = lab.tokens(1)
    tokens = shaped_tokens(real, SUPPLY)
    with behind_a_door(lab, "client", remembering(SUPPLY)) as bench:
        all_cold = Target(bench.url, lab.token_file("cold", tokens), lab.body(), bench.authorizer.pids)
        cold = run(all_cold, lab.plan.cold_seconds)
        asked = bench.keycloak.asked()
        again = lab.token_file("again", tokens[: min(WARM, cold.requests)])
        warm = run(Target(bench.url, again, lab.body(), bench.authorizer.pids), 2)
    cpu_us = cold.cpu_us["authorizer"] - warm.cpu_us["authorizer"]
    say(f"  introspection client: {cpu_us:.0f} µs of CPU a call, {cold.per_second:.0f} cold requests/s")
    return {"cpu_us": cpu_us, "per_second": cold.per_second, "requests": cold.requests, "introspections": asked}


def _counted(bench: Behind, tokens: list[str], lab: Lab) -> tuple[Burst, int]:
    before = bench.keycloak.asked()
    answers = burst(bench.url, tokens, lab.body())
    return answers, bench.keycloak.asked() - before


def _told(answers: Burst) -> dict[str, Any]:
    return {"statuses": answers.statuses, "p50_ms": answers.at(50), "p99_ms": answers.at(99)}
