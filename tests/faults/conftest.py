"""The gateway that is broken here: a second one beside the shared stack, which asks Keycloak through a stand-in.

It starts in seconds, and what it is told by Keycloak can be spoiled. Faults of Keycloak itself are struck at the shared
stack, which runs it.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.faults import Findings
from tests.support.keycloak_between import KeycloakBetween, keycloak_between
from tests.support.stack import Stack, running_stack


@pytest.fixture(scope="session")
def findings() -> Iterator[Findings]:
    """Rows of the table; written where FAULTS_FILE says (`make faults` does)."""
    found = Findings()
    yield found
    if "FAULTS_FILE" in os.environ:
        found.write(Path(os.environ["FAULTS_FILE"]))


@pytest.fixture(scope="session")
def between_all(stack: Stack) -> Iterator[KeycloakBetween]:
    with keycloak_between(f"http://127.0.0.1:{stack.settings.keycloak_port}") as between:
        yield between


@pytest.fixture
def between(between_all: KeycloakBetween) -> Iterator[KeycloakBetween]:
    """The stand-in, handing everything on; and again when the test is over."""
    between_all.behave()
    yield between_all
    between_all.behave()


@pytest.fixture(scope="session")
def beside(stack: Stack, between_all: KeycloakBetween, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("beside")
    with running_stack(folder, KEYCLOAK_URL=between_all.url, PUBLIC_URL=stack.url) as gateway:
        yield gateway
