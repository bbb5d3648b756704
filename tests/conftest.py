"""What every test may use: the stack that the end-to-end tests share, started only where a test asks for it."""

from collections.abc import Iterator

import hypothesis
import pytest

from tests.support.recorder import RecordingGateway, recording_gateway
from tests.support.stack import Stack, running_stack

# A deadline per example measures the machine, not the code
hypothesis.settings.register_profile("project", deadline=None)
hypothesis.settings.load_profile("project")


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A whole gateway of real parts on free ports, rate limits off."""
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
