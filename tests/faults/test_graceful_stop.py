"""Each component is stopped in good order under load (F5): nobody notices where a second one serves, and only 503s
tell where none does."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.support.load import NO_ANSWER, Ask, Load, steady_load
from tests.support.mcp import bearer
from tests.support.replicated import Replicated, replicated
from tests.support.runner import eventually

PER_SECOND = 40.0
AFTERWARDS = 60  # answers
GOOD = Ask("good", True, lambda: bearer("a-token"))
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
def test_a_server_that_stops_fails_no_request_while_another_serves(two: Replicated) -> None:
    with steady_load(two.ca, two.url, [GOOD], per_second=PER_SECOND) as load:
        load.await_good(within_s=30)
        two.calculators[1].send_signal(signal.SIGTERM)
        assert two.calculators[1].wait(END_SECONDS) == 0
        load.await_count(AFTERWARDS)
    assert _others(load, 200) == []


@pytest.mark.covers("F5")
def test_an_authorizer_that_stops_fails_no_request_while_another_serves(two: Replicated) -> None:
    with steady_load(two.ca, two.url, [GOOD], per_second=PER_SECOND) as load:
        load.await_good(within_s=30)
        two.authorizers[1].send_signal(signal.SIGTERM)
        assert two.authorizers[1].wait(END_SECONDS) == 0
        load.await_count(AFTERWARDS)
    assert _others(load, 200) == []
    assert two.healthy("ext_authz") == 1


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
def test_the_only_authorizer_that_stops_leaves_503_and_nothing_else(one: Replicated) -> None:
    with steady_load(one.ca, one.url, [GOOD], per_second=PER_SECOND) as load:
        load.await_good(within_s=30)
        one.authorizers[0].send_signal(signal.SIGTERM)
        assert one.authorizers[0].wait(END_SECONDS) == 0
        load.await_count(AFTERWARDS)
    assert _others(load, 200, 503) == []
    assert _codes(load) == {-32006}


@pytest.mark.covers("F5")
def test_the_only_server_that_stops_leaves_503_and_nothing_else(one: Replicated) -> None:
    with steady_load(one.ca, one.url, [GOOD], per_second=PER_SECOND) as load:
        load.await_good(within_s=30)
        one.calculators[0].send_signal(signal.SIGTERM)
        assert one.calculators[0].wait(END_SECONDS) == 0
        load.await_count(AFTERWARDS)
    assert _others(load, 200, 503) == []
    assert _codes(load) == {-32603}


@pytest.mark.covers("F5", "F14")
def test_envoy_that_stops_ends_connections_and_answers_nothing_wrong(one: Replicated) -> None:
    with steady_load(one.ca, one.url, [GOOD], per_second=PER_SECOND) as load:
        load.await_good(within_s=30)
        one.envoy.send_signal(signal.SIGTERM)
        assert one.envoy.wait(END_SECONDS) == 0
        load.await_count(AFTERWARDS)
    assert _others(load, 200, NO_ANSWER) == []
    assert load.first_failure(0.0), "it did stop"


def _others(load: Load, *statuses: int) -> list[tuple[float, int, str, bytes]]:
    """What was answered otherwise: when it was sent, the status, and what went wrong."""
    assert len(load.answers) > AFTERWARDS
    return [
        (round(answer.sent_at - load.started_at, 2), answer.status, answer.error, answer.body)
        for answer in load.answers
        if answer.status not in statuses
    ]


def _codes(load: Load) -> set[int]:
    refused = [answer for answer in load.answers if answer.status == 503]
    assert all(answer.headers["retry-after"] for answer in refused)
    return {json.loads(answer.body)["error"]["code"] for answer in refused}
