"""What the doctor's tests share: a CA, and a way to have one server examined."""

import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from gateway.doctor.case import Options
from gateway.doctor.examine import examine
from gateway.doctor.findings import Finding, Outcome
from gateway.doctor.target import parse_target

from tests.support.fake_mcp_server import CLIENT, SECRET, FakeServer, Pki, Spoil, healthy, running_fake

Found = dict[str, list[Finding]]
Examine = Callable[..., Awaitable[Found]]


@pytest.fixture
def pki(tmp_path: Path) -> Pki:
    return Pki(tmp_path)


@pytest.fixture
def fully(pki: Pki) -> Examine:
    """Examine a fake with all that can be given, but for what the test changes; findings by step."""

    async def examined(spoil: Spoil = healthy, context: ssl.SSLContext | None = None, **changes: Any) -> Found:
        async with running_fake(context or pki.server(), spoil) as fake:
            return by_step(await examine(parse_target(fake.url), everything(pki, fake, **changes)))

    return examined


def everything(pki: Pki, fake: FakeServer, **changes: Any) -> Options:
    given: dict[str, Any] = {
        "trust": pki.trust(),
        "token": fake.token(),
        "introspect_client": CLIENT,
        "introspect_secret": SECRET,
        "register": True,
        "step_seconds": 3.0,
    }
    return Options(**(given | changes))


def by_step(outcomes: list[Outcome]) -> Found:
    return {outcome.key: outcome.findings for outcome in outcomes}
