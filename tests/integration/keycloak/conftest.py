"""One Keycloak for all tests in this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.keycloak import RunningKeycloak, running_keycloak

FIRST_START_S = 900  # on a new machine Keycloak is fetched and built first


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whichever test here comes first also waits for Keycloak."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(FIRST_START_S))


@pytest.fixture(scope="session")
def keycloak(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningKeycloak]:
    """A real Keycloak with the realm of keycloak/realm-export.json."""
    with running_keycloak(tmp_path_factory.mktemp("keycloak")) as running:
        yield running
