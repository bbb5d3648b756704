"""The gateways that the attacks are made on, and what holds for every one of them: nothing leaks into a log."""

import json
from collections.abc import Iterator

import pytest

from tests.attacks.scripted import SECRETS, ScriptedGateway, scripted_gateway


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
        written = log[before[name] :]
        assert [secret for secret in SECRETS if secret in written] == [], f"{name} logged a secret"
        assert [line for line in written.splitlines() if not is_a_record(line)] == [], f"{name} logged a torn line"


@pytest.fixture
def gateway(watched: ScriptedGateway) -> ScriptedGateway:
    """The scripted gateway; nothing was received yet."""
    watched.forget()
    return watched


def is_a_record(line: str) -> bool:
    """One JSON object with our own members, or a line of Envoy's own log, [time][thread][level]…"""
    if line.startswith("["):
        return line.count("][") >= 2
    try:
        record = json.loads(line)
    except ValueError:
        return False
    return isinstance(record, dict) and "time" in record and "forged" not in record
