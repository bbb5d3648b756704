"""A long mixed load (SOAK_SECONDS, 20 minutes by default): nothing grows, nothing fails, nobody gets in."""

import json
import os
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from gateway.client.token_answer import Tokens, read_tokens

from tests.support.faults import row_of
from tests.support.load import Ask, steady_load
from tests.support.mcp import CALCULATOR, WEATHER, bearer, tool_call
from tests.support.sampling import Samples, sampled
from tests.support.sessions import OPENID, signed_in
from tests.support.slow_clients import slow_clients
from tests.support.stack import Stack

SECONDS = int(os.environ.get("SOAK_SECONDS", "1200"))
TTL_S = 5.0
RENEW_S = 45.0
"""A new session and a new revoked token this often; access tokens live for 300 s."""

FLAT = 1.10
SLACK_MIB = 8.0
"""The last quarter's median memory is at most a tenth and 8 MiB above the second's."""

JVM_FLAT = 1.25
"""Keycloak's: a Java heap grows into what it was given (-Xmx512m) before it is collected."""

SLACK_DESCRIPTORS = 24
LARGE = {**tool_call("add", a=1, b=2)}
LARGE["params"] = {**LARGE["params"], "_meta": {"example.org/padding": "x" * 200_000}}


@dataclass
class Held:
    """The tokens that are used now."""

    good: Tokens
    weather: str
    revoked: str

    @classmethod
    def fresh(cls, stack: Stack) -> "Held":
        good = signed_in(stack, "mcp-client", "openid", "mcp:weather", "mcp:calculator")
        weather = signed_in(stack, "mcp-client", "openid", "mcp:weather").access_token
        return cls(good, weather, revoked_token(stack))

    def renew(self, stack: Stack) -> None:
        """A refresh, as clients do; a sign-in for the one that is then revoked."""
        self.good = refreshed(stack, self.good)
        self.weather = signed_in(stack, "mcp-client", "openid", "mcp:weather").access_token
        self.revoked = revoked_token(stack)


def refreshed(stack: Stack, tokens: Tokens) -> Tokens:
    form = {"client_id": "mcp-client", "grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
    with stack.client() as http:
        answer = http.post(f"{OPENID}/token", data=form)
    return read_tokens(answer)


def revoked_token(stack: Stack) -> str:
    """One that was in use and is revoked, for longer than an answer about it may be kept."""
    tokens = signed_in(stack)
    with stack.client() as http:
        assert http.post(CALCULATOR, json=tool_call("add", a=1, b=2), headers=bearer(tokens.access_token)).is_success
        form = {"client_id": "mcp-client", "token": tokens.access_token}
        assert http.post(f"{OPENID}/revoke", data=form).status_code == 200
    time.sleep(TTL_S + 0.5)  # the stated bound
    return tokens.access_token


def mixed(held: Held) -> list[Ask]:
    """Twelve requests a round."""
    forecast = tool_call("get_weather_forecast", location="Berlin")

    def good() -> Mapping[str, str]:
        return bearer(held.good.access_token)

    def streamed() -> Mapping[str, str]:
        return {**good(), "Accept": "text/event-stream"}

    calculator = Ask("good, calculator", True, good)
    weather = Ask("good, weather", True, good, WEATHER, forecast)
    revoked = Ask("revoked", False, lambda: bearer(held.revoked))
    bad = Ask("bad", False, lambda: bearer("made-up-token"))
    other = Ask("other's", False, lambda: bearer(held.weather))
    large = Ask("large", True, good, message=LARGE)
    return [
        *(calculator, weather, bad, revoked, calculator, weather),
        *(large, Ask("none", False, dict), Ask("streamed", True, streamed), other, calculator, weather),
    ]


@pytest.mark.timeout(SECONDS + 600)
@pytest.mark.covers("S9", "F18")
def test_under_a_long_mixed_load_memory_and_descriptors_are_flat(stack: Stack) -> None:
    held = Held.fresh(stack)
    before = stack.pids()
    with ExitStack() as running:
        load = running.enter_context(steady_load(stack.ca, stack.url, mixed(held)))
        port = stack.settings.https_port
        slow = running.enter_context(slow_clients(stack.ca, port, lambda: held.good.access_token, count=4))
        samples = running.enter_context(sampled(stack, every_s=max(1.0, SECONDS / 240)))
        until = time.monotonic() + SECONDS
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(RENEW_S, left))  # the load itself is what happens meanwhile
            if left > RENEW_S:
                held.renew(stack)
    row = row_of(load, 0.0, "soak", f"{SECONDS} s of mixed load", 0.0, "")
    write({"seconds": SECONDS, "mix": load.mix(), "slow": dict(slow), "parts": parts(samples)})
    assert load.unauthorized_allows() == []
    assert set(row.good) == {"200"}, load.mix()
    assert set(row.refused) == {"401"}, load.mix()
    assert set(slow) == {200}
    assert stack.pids() == before, "a component was restarted"
    for name in before:
        assert_flat(samples, name)


def assert_flat(samples: Samples, name: str) -> None:
    (early_mib, early_fds), (late_mib, late_fds) = samples.quarter(name, 2), samples.quarter(name, 4)
    growth = JVM_FLAT if name == "keycloak" else FLAT
    assert late_mib <= early_mib * growth + SLACK_MIB, f"{name}: {early_mib:.0f} MiB, then {late_mib:.0f} MiB"
    assert late_fds <= early_fds + SLACK_DESCRIPTORS, f"{name}: {early_fds} descriptors, then {late_fds}"


def parts(samples: Samples) -> dict[str, dict[str, float]]:
    """Component → the medians of the second and of the last quarter."""
    found = {}
    for name in samples.of:
        (early_mib, early_fds), (late_mib, late_fds) = samples.quarter(name, 2), samples.quarter(name, 4)
        found[name] = {"mib_2": round(early_mib, 1), "mib_4": round(late_mib, 1), "fds_2": early_fds, "fds_4": late_fds}
    return found


def write(found: Mapping[str, Any]) -> None:
    """Where SOAK_FILE says (`make soak` does)."""
    if "SOAK_FILE" in os.environ:
        file = Path(os.environ["SOAK_FILE"])
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
