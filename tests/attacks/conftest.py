"""The gateways that the attacks are made on, and what holds for every one of them: nothing leaks into a log."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.real import PASSWORD, RealGateway
from tests.attacks.scripted import GRPC, SECRETS, ScriptedGateway, scripted_gateway
from tests.attacks.served import ServedGateway, served_gateway
from tests.support.recorder import RecordingGateway

FIRST_START_S = 480


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whichever test comes first also waits for the whole stack, which takes minutes on a machine that is busy."""
    for item in items:
        if Path(__file__).parent in item.path.parents and "stack" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(FIRST_START_S))


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedGateway]:
    with scripted_gateway(tmp_path_factory.mktemp("scripted")) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def watched(running: ScriptedGateway) -> Iterator[ScriptedGateway]:
    """After all attacks of a file: no secret is in what was logged meanwhile, and each line is one record of ours."""
    running.forget()
    before = {name: len(log) for name, log in running.logs().items()}
    yield running
    for name, log in running.logs().items():
        assert_clean(name, log[before[name] :])


@pytest.fixture
def gateway(watched: ScriptedGateway) -> ScriptedGateway:
    """The scripted gateway; nothing was received yet."""
    watched.forget()
    return watched


def assert_clean(name: str, written: str) -> None:
    """``written`` is what ``name`` logged: no secret, and one record a line."""
    assert [secret for secret in SECRETS if secret in written] == [], f"{name} logged a secret"
    if name != GRPC:
        assert [line for line in written.splitlines() if not is_a_record(line)] == [], f"{name} logged a torn line"


def is_a_record(line: str) -> bool:
    """One JSON object with our own members, or a line of Envoy's own log, [time][thread][level]…"""
    if line.startswith("["):
        return line.count("][") >= 2
    try:
        record = json.loads(line)
    except ValueError:
        return False
    return isinstance(record, dict) and bool({"time", "timestamp"} & set(record)) and "forged" not in record


@pytest.fixture(scope="module")
def watched_real(recording: RecordingGateway) -> Iterator[RealGateway]:
    """The gateway with the real Keycloak; at the end of a file no log, Keycloak's neither, holds what was issued."""
    gateway = RealGateway(recording)
    yield gateway
    for name, log in gateway.logs().items():
        assert [token for token in gateway.issued if token in log] == [], f"{name} logged a token"
        assert "@attacks.example" not in log, f"{name} logged an e-mail address"
        assert PASSWORD not in log, f"{name} logged a password"


@pytest.fixture
def real(watched_real: RealGateway) -> RealGateway:
    """The same; nothing was received yet."""
    watched_real.received.clear()
    return watched_real


@pytest.fixture(scope="session")
def served(running: ScriptedGateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedGateway]:
    with served_gateway(running, tmp_path_factory.mktemp("served")) as gateway:
        before = {name: len(log) for name, log in gateway.logs().items()}  # Envoy shows its configuration on many lines
        yield gateway
    for name, log in gateway.logs().items():
        assert_clean(name, log[before[name] :])
