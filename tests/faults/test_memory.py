"""S18, F18: a million random tokens leave the authorizer's memory as it was."""

import asyncio
from collections.abc import Mapping
from typing import Any

import psutil
import pytest
import uvloop
from ext_authz.ended_sessions import EndedSessions
from ext_authz.introspection import CacheSettings, Introspection
from ext_authz.verdict import Reason

from tests.support.authz import ISSUER, FakeObserver, directly
from tests.support.faults import Findings, Memory

TOKENS, CROWD = 1_000_000, 50_000
"""Random tokens in all; those of the crowd come each from an address of its own: all of them are asked about."""

FEW = 1_000
"""Addresses that the others share: most of them are over their limit at once."""

SIZE = 10_000
GROWTH_MIB = 16


class FakeKeycloak:
    """Knows no token."""

    async def introspect(self, token: str) -> Mapping[str, Any]:
        return {"active": False}


class Counting(FakeObserver):
    """Counts, and keeps nothing that grows."""

    questions = 0

    def introspected(self, outcome: str, seconds: float) -> None:
        self.questions += 1


def resident_mib() -> float:
    return float(psutil.Process().memory_info().rss) / 2**20


@pytest.mark.timeout(600)
@pytest.mark.covers("S18", "F18")
def test_a_million_random_tokens_leave_memory_flat(findings: Findings) -> None:
    observer = Counting()

    async def flood() -> tuple[float, float]:
        settings = CacheSettings(ttl_seconds=5, size=SIZE, failures_per_minute=30)
        introspection = Introspection(FakeKeycloak(), ISSUER, settings, observer, EndedSessions(), soon=directly)
        for number in range(CROWD):
            address = f"2001:db8:{number >> 8:x}:{number & 0xFF:x}::1"
            assert await introspection.introspect(f"random-{number}", address) is Reason.TOKEN_INACTIVE
        full = resident_mib()
        for number in range(CROWD, TOKENS):
            refused = await introspection.introspect(f"random-{number}", f"192.0.2.{number % FEW}")
            assert refused in (Reason.TOKEN_INACTIVE, Reason.TOO_MANY_FAILURES)
        return full, resident_mib()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        full, after = runner.run(flood())
    findings.memory = Memory(TOKENS, round(full, 1), round(after, 1))
    assert after - full < GROWTH_MIB
    assert observer.evictions > SIZE, "what is remembered was turned over, not piled up"
    assert CROWD < observer.questions < TOKENS / 4, "the limit spared Keycloak the others"
