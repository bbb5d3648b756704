"""Each component is stopped in good order under load (F5): nobody notices where a second one serves, and only 503s
tell where none does."""

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.support.faults import Findings, row_of, statuses
from tests.support.load import NO_ANSWER, Ask, Load, steady_load
from tests.support.mcp import bearer
from tests.support.replicated import Replicated, replicated
from tests.support.runner import eventually

PER_SECOND = 40.0
AFTERWARDS = 60  # answers
GOOD = Ask("good", True, lambda: bearer("a-token"))
MIX = [GOOD, GOOD, Ask("none", False, dict)]
END_SECONDS = 60


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicated]:
    with replicated(tmp_path_factory.mktemp("two"), authorizers=2, calculators=2) as gateway:
        yield gateway


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Replicated]:
    with replicated(tmp_path) as gateway:
        yield gateway


@pytest.mark.covers("F5")
@pytest.mark.parametrize(("component", "cluster"), [("authorizers", "ext_authz"), ("calculators", "mcp_calculator")])
def test_one_that_stops_fails_no_request_while_another_serves(
    two: Replicated, findings: Findings, component: str, cluster: str
) -> None:
    stopping = getattr(two, component)[1]
    with steady_load(two.ca, two.url, MIX, per_second=PER_SECOND) as load:
        load.await_good(within_s=30)
        at = time.monotonic()
        stopping.send_signal(signal.SIGTERM)
        assert stopping.wait(END_SECONDS) == 0
        load.await_count(AFTERWARDS)
    _record(findings, load, at, f"one of two {component} stopped (SIGTERM)", "its start", load.healed_after(at))
    assert _others(load, 200) == []
    eventually(lambda: two.healthy(cluster) == 1)


@pytest.mark.covers("F1", "F5")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_worker_that_ends_fails_no_request_and_is_started_again(tmp_path: Path, number: signal.Signals) -> None:
    """Even where it is killed: what it had under way is asked again at the other one."""
    with (
        replicated(tmp_path, workers=2) as gateway,
        steady_load(gateway.ca, gateway.url, [GOOD], per_second=PER_SECOND) as load,
    ):
        load.await_good(within_s=30)
        worker = psutil.Process(gateway.authorizers[0].pid).children()[0]
        worker.send_signal(number)
        worker.wait(END_SECONDS)
        eventually(lambda: gateway.healthy("ext_authz") == 2, 120)
        load.await_count(AFTERWARDS)
    assert _others(load, 200) == []


@pytest.mark.covers("F2", "F5")
def test_a_worker_that_hangs_does_not_keep_the_others_from_stopping(tmp_path: Path) -> None:
    with replicated(tmp_path, workers=2) as gateway:
        parent = gateway.authorizers[0]
        hanging, other = psutil.Process(parent.pid).children()
        hanging.suspend()
        parent.send_signal(signal.SIGTERM)
        assert parent.wait(END_SECONDS) == 0
        assert not hanging.is_running()
        assert not other.is_running()


@pytest.mark.covers("F5")
@pytest.mark.parametrize(("component", "code"), [("authorizers", -32006), ("calculators", -32603)])
def test_the_only_one_that_stops_leaves_503_and_nothing_else(
    one: Replicated, findings: Findings, component: str, code: int
) -> None:
    stopping = getattr(one, component)[0]
    with steady_load(one.ca, one.url, MIX, per_second=PER_SECOND) as load:
        load.await_good(within_s=30)
        at = time.monotonic()
        stopping.send_signal(signal.SIGTERM)
        assert stopping.wait(END_SECONDS) == 0
        load.await_count(AFTERWARDS)
    _record(findings, load, at, f"the only one of the {component} stopped (SIGTERM), and not started again")
    assert _others(load, 200, 503) == []
    assert _codes(load) == {code}


@pytest.mark.covers("F5", "F14")
def test_envoy_that_stops_ends_connections_and_answers_nothing_wrong(one: Replicated, findings: Findings) -> None:
    with steady_load(one.ca, one.url, MIX, per_second=PER_SECOND) as load:
        load.await_good(within_s=30)
        at = time.monotonic()
        one.envoy.send_signal(signal.SIGTERM)
        assert one.envoy.wait(END_SECONDS) == 0
        load.await_count(AFTERWARDS)
    _record(findings, load, at, "Envoy stopped (SIGTERM), and not started again")
    assert _others(load, 200, NO_ANSWER) == []
    assert load.first_failure(0.0), "it did stop"


def _record(findings: Findings, load: Load, at: float, what: str, since: str = "", healed: float = 0.0) -> None:
    findings.rows.append(row_of(load, at, "F5", what, healed, since))
    assert load.unauthorized_allows() == []
    assert statuses(load, at, may_pass=False) <= {401, 503, NO_ANSWER}


def _others(load: Load, *expected: int) -> list[tuple[float, int, str, bytes]]:
    """What was answered otherwise to who may pass: when it was sent, the status, and what went wrong."""
    assert len(load.answers) > AFTERWARDS
    return [
        (round(answer.sent_at - load.started_at, 2), answer.status, answer.error, answer.body)
        for answer in load.answers
        if answer.ask.may_pass and answer.status not in expected
    ]


def _codes(load: Load) -> set[int]:
    refused = [answer for answer in load.answers if answer.status == 503]
    assert all(answer.headers["retry-after"] for answer in refused)
    return {json.loads(answer.body)["error"]["code"] for answer in refused}
