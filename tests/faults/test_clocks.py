"""F19: the authorizer's clock jumps, by libfaketime; Keycloak's, Envoy's and the clients' do not.

What Keycloak's clock would say is shown in test_keycloak_answers.py, where nothing has to be installed.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from gateway.runner.stack import native_stack

from tests.support.apart import settings_of_its_own, started
from tests.support.faults import Findings, statuses, struck
from tests.support.recorder import native_envoy
from tests.support.runtime import replace
from tests.support.stack import Stack

LIBRARY = next(iter(Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)
LASTS_S = 10
"""Five seconds of leeway, and more than answers are cached for."""


@dataclass(frozen=True)
class Clocked:
    """A gateway whose authorizer's clock may be set."""

    stack: Stack
    clock: Path

    def ahead(self, minutes: int) -> None:
        replace(self.clock, f"{minutes:+d}m\n")


@pytest.fixture
def clocked(stack: Stack, tmp_path: Path) -> Iterator[Clocked]:
    with clocked_gateway(stack, tmp_path) as gateway:
        yield gateway


@contextmanager
def clocked_gateway(stack: Stack, folder: Path) -> Iterator[Clocked]:
    """The servers and Keycloak are the shared stack's."""
    keycloak = f"http://127.0.0.1:{stack.settings.keycloak_port}"
    servers = {name: getattr(stack.settings, name) for name in ("weather_port", "calculator_port")}
    settings = settings_of_its_own(stack.settings, keycloak, folder)
    settings = settings.model_copy(update={**servers, "public_url": stack.url})
    gateway = Clocked(Stack(settings, stack.environment), folder / "clock")
    gateway.ahead(0)
    (authorizer,) = (one for one in native_stack(settings).components if one.name == "ext-authz")
    faked = {
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME_TIMESTAMP_FILE": str(gateway.clock),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",  # what a wrong date does not touch
    }
    with started(authorizer, stack.environment, **faked), native_envoy(settings, folder):
        yield gateway


@pytest.mark.skipif(LIBRARY is None, reason="Debian's libfaketime is not installed (apt-get install libfaketime)")
@pytest.mark.covers("F19")
@pytest.mark.parametrize(("minutes", "good"), [(5, {200, 401}), (-5, {200})], ids=["ahead", "behind"])
def test_an_authorizer_whose_clock_is_wrong_lets_nobody_in_and_is_right_again_with_its_clock(
    stack: Stack, clocked: Clocked, findings: Findings, minutes: int, good: set[int]
) -> None:
    """Ahead, it takes a token of five minutes for expired. That is told as 401: its clock is all that it has."""
    what = f"the authorizer's clock {abs(minutes)} minutes {'ahead' if minutes > 0 else 'behind'} for {LASTS_S} s"
    with struck(findings, clocked.stack, stack, "F19", what) as strike:
        clocked.ahead(minutes)
        time.sleep(LASTS_S)  # how long the fault lasts
        clocked.ahead(0)
        strike.over()
    assert statuses(strike.load, strike.at, may_pass=True) == good
    assert statuses(strike.load, strike.at, may_pass=False) == {401}
