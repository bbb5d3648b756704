"""What every test may use: the stack that the end-to-end tests share, started only where a test asks for it.

`GATEWAY_UNDER_TEST=compose pytest tests/e2e tests/compose` runs the end-to-end tests against the containers that
`docker compose up` started, instead of a native stack of their own. A test that cannot be asked of containers is marked
`native("why")`; it is deselected then, and the reason is shown.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.support.compose import compose_stack
from tests.support.recorder import RecordingGateway, recording_gateway
from tests.support.scheduling import Together
from tests.support.stack import Stack, running_stack

# A deadline per example measures the machine, not the code, and so does the pace at which examples are made
hypothesis.settings.register_profile("project", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("project")


IN_CONTAINERS = os.environ.get("GATEWAY_UNDER_TEST", "native") == "compose"
CONTAINER_TESTS = Path(__file__).parent / "compose"
collect_ignore = [] if IN_CONTAINERS else [CONTAINER_TESTS.name]
ON_REQUEST = ("others", "clients", "conformance", "faults", "soak", "attacks")
"""Longer suites with a target of their own (CONTRIBUTING.md): collected only where the command names them."""
NATIVE_ONLY = pytest.StashKey[list[pytest.Item]]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "native(reason): only of the native stack can this be asked; the reason why")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A plain ``pytest`` does not collect the suites on request: skipping them there would look as if they had run."""
    asked = [Path(argument.split("::", maxsplit=1)[0]).resolve() for argument in config.args]
    for suite in (Path(__file__).parent / name for name in ON_REQUEST):
        if collection_path == suite and not any(suite in (one, *one.parents) for one in asked):
            return True
    return None


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    return Together(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    native_only = [item for item in items if IN_CONTAINERS and _why_native(item)]
    items[:] = [item for item in items if item not in native_only]
    config.stash[NATIVE_ONLY] = native_only
    if native_only:
        config.hook.pytest_deselected(items=native_only)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for item in config.stash.get(NATIVE_ONLY, []):
        terminalreporter.write_line(f"NATIVE ONLY {item.nodeid}: {_why_native(item)}")


def _why_native(item: pytest.Item) -> str:
    """Why a test says nothing about the containers; "" if it does."""
    if marker := item.get_closest_marker("native"):
        return str(marker.args[0])
    asks_containers = item.path.is_relative_to(CONTAINER_TESTS) or "stack" in getattr(item, "fixturenames", ())
    return "" if asks_containers else "it starts what it needs by itself"


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A whole gateway of real parts, rate limits off: one of its own on free ports, or the containers that run."""
    if IN_CONTAINERS:
        containers = compose_stack()
        containers.rate_limit(enabled=False)
        yield containers
        containers.rate_limit(enabled=True)
        return
    with running_stack(tmp_path_factory.mktemp("stack")) as stack:
        yield stack


@pytest.fixture(scope="session")
def recording(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordingGateway]:
    """The same door with other servers behind it: they write down what reaches them."""
    with recording_gateway(stack, tmp_path_factory.mktemp("recording")) as gateway:
        yield gateway


@pytest.fixture
def upstream(recording: RecordingGateway) -> RecordingGateway:
    """The recording gateway with nothing recorded yet."""
    recording.received.clear()
    return recording
