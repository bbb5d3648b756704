"""Few scopes first; more where a tool needs them, once, and none that the server made up."""

from collections.abc import Sequence

import pytest
from gateway.client.errors import ClientError, Refused, TryLater
from gateway.client.stepping_up import with_step_up


class FakeRealm:
    """A token is the scopes that were asked for; a server takes it if it has what it `needs`."""

    def __init__(self, *needs: str, grants: Sequence[str] | None = None) -> None:
        self.needs = needs
        self.grants = grants
        self.asked: list[tuple[str, ...]] = []
        self.told: list[str] = []

    def sign_in(self, scopes: Sequence[str]) -> str:
        self.asked.append(tuple(scopes))
        return " ".join(scopes if self.grants is None else self.grants)

    def use(self, token: str) -> str:
        if not set(self.needs) <= set(token.split()):
            raise Refused("needs more", 403, self.needs)
        return "done"

    def run(self, *allowed: str) -> str:
        return with_step_up(self.use, self.sign_in, ["openid", "a"], allowed=allowed, tell=self.told.append)


@pytest.mark.covers("R3")
def test_enough_scopes_need_one_sign_in() -> None:
    realm = FakeRealm("a")
    assert realm.run("a", "a:more") == "done"
    assert realm.asked == [("openid", "a")]
    assert realm.told == []


@pytest.mark.covers("R3")
def test_a_refusal_for_want_of_scopes_leads_to_a_second_sign_in_with_all_of_them() -> None:
    realm = FakeRealm("a", "a:more")
    assert realm.run("a", "a:more") == "done"
    assert realm.asked == [("openid", "a"), ("openid", "a", "a:more")]
    assert realm.told == ["This needs a:more too: signing in again"]


def test_scopes_that_the_realm_does_not_grant_are_not_asked_for_for_ever() -> None:
    realm = FakeRealm("a", "a:more", grants=["a"])
    with pytest.raises(Refused):
        realm.run("a", "a:more")
    assert len(realm.asked) == 2


@pytest.mark.parametrize("allowed", [(), ("a",), ("a:more",)], ids=str)
def test_scopes_that_are_not_the_servers_are_never_asked_for(allowed: tuple[str, ...]) -> None:
    realm = FakeRealm("a", "a:more", "b:everything")
    with pytest.raises(Refused):
        realm.run(*allowed)
    assert len(realm.asked) == 1


@pytest.mark.parametrize("error", [Refused("no", 401), Refused("no", 403), TryLater("busy")], ids=str)
def test_another_refusal_leads_to_no_second_sign_in(error: ClientError) -> None:
    realm = FakeRealm()

    def use(_: str) -> str:
        raise error

    with pytest.raises(type(error)):
        with_step_up(use, realm.sign_in, ["a"], allowed=["a:more"], tell=realm.told.append)
    assert len(realm.asked) == 1
