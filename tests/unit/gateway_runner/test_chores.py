"""What is done now and then, and what ends it."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from gateway.keycloak import AdminRefused, KeycloakUnavailable
from gateway.runner.chores import prune_now_and_then, pruning

from tests.support.runner import settings_in

AT_ONCE = 0.0


class FakePruning:
    """Answers one after the other; then it sets `done`."""

    def __init__(self, *answers: int | Exception) -> None:
        self.left = list(answers)

    def __call__(self) -> int:
        answer = self.left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


async def run(prune: Callable[[], int], said: list[str]) -> None:
    async with asyncio.timeout(10):
        await prune_now_and_then(prune, said.append, every=AT_ONCE)


@pytest.mark.covers("O13")
async def test_it_goes_on_after_an_outage_and_says_what_it_removed() -> None:
    said: list[str] = []
    prune = FakePruning(KeycloakUnavailable("away"), 0, 1, 7, AdminRefused("set KC_BOOTSTRAP_ADMIN_PASSWORD"))
    await run(prune, said)
    assert prune.left == []
    assert [text.rpartition(": ")[2] for text in said[:2]] == ["1", "7"]


@pytest.mark.covers("O15")
async def test_it_does_not_try_a_refused_password_again_and_names_the_setting() -> None:
    said: list[str] = []
    prune = FakePruning(AdminRefused("set KC_BOOTSTRAP_ADMIN_PASSWORD"), 1)
    await run(prune, said)
    assert prune.left == [1]
    assert "KC_BOOTSTRAP_ADMIN_PASSWORD" in said[0]


async def test_an_error_that_nobody_thought_of_is_told_by_its_kind_and_ends_nothing() -> None:
    said: list[str] = []
    await run(FakePruning(RuntimeError("a secret"), AdminRefused("no")), said)
    assert "RuntimeError" in said[0]
    assert "a secret" not in "".join(said)


@pytest.mark.parametrize(
    ("settings", "is_done"),
    [
        ({}, True),
        ({"keycloak_url": "http://keycloak.internal:8080"}, False),
        ({"keycloak_url": "http://keycloak.internal:8080", "kc_bootstrap_admin_password": "known"}, True),
    ],
)
def test_another_keycloak_is_left_alone_until_its_administrator_is_named(
    tmp_path: Path, settings: dict[str, str], *, is_done: bool
) -> None:
    assert (pruning(settings_in(tmp_path, **settings)) is not None) is is_done
