"""A door for registrations before a stand-in for Keycloak's."""

from collections.abc import AsyncIterator

import pytest

from tests.support.registration import Door, FakeRegistry, door_to, running_registry


@pytest.fixture
async def registry() -> AsyncIterator[FakeRegistry]:
    async with running_registry() as fake:
        yield fake


@pytest.fixture
async def door(registry: FakeRegistry) -> AsyncIterator[Door]:
    async with door_to(registry.url) as door:
        yield door
