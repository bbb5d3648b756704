"""The realm follows the public URL, and is left alone where it fits."""

from pathlib import Path

import pytest
from gateway.policy import Resource
from gateway.runner.errors import BadSetting, StartFailed
from gateway.runner.realm import follow_public_url, read_resources
from gateway.settings import Settings

from tests.support.runner import ROOT, settings_in


class FakeRealm:
    """Records what it was asked to fit."""

    def __init__(self) -> None:
        self.fits: list[str] = []

    def reconcile(self, settings: Settings, resources: dict[str, Resource]) -> list[str]:
        self.fits.append(settings.origin)
        return [f"audience of {name}" for name in resources]


def _settings(tmp_path: Path, url: str, **more: str) -> Settings:
    (tmp_path / "state" / "keycloak" / "data").mkdir(parents=True, exist_ok=True)
    return settings_in(tmp_path, public_url=url, **more)


@pytest.mark.covers("O12")
async def test_another_public_url_on_a_later_start_reaches_the_realm_once(tmp_path: Path) -> None:
    realm, said = FakeRealm(), list[str]()
    for url in ("https://one.example", "https://one.example", "https://two.example"):
        await follow_public_url(_settings(tmp_path, url), said.append, reconcile=realm.reconcile)
    assert realm.fits == ["https://one.example", "https://two.example"]
    assert "audience of weather" in said


@pytest.mark.covers("O12")
async def test_a_realm_that_could_not_be_changed_is_tried_again_on_the_next_start(tmp_path: Path) -> None:
    def refuse(*_: object) -> list[str]:
        raise StartFailed("no")

    settings, realm = _settings(tmp_path, "https://one.example"), FakeRealm()
    with pytest.raises(StartFailed):
        await follow_public_url(settings, lambda _: None, reconcile=refuse)
    await follow_public_url(settings, lambda _: None, reconcile=realm.reconcile)
    assert realm.fits == ["https://one.example"]


@pytest.mark.covers("F10", "S19")
async def test_another_client_secret_reaches_the_realm_once_and_is_not_written_down(tmp_path: Path) -> None:
    realm, given = FakeRealm(), list[Settings]()
    for secret in ("the first one", "the first one", "the second one", "the second one"):
        given.append(_settings(tmp_path, "https://one.example", keycloak_client_secret=secret))
        await follow_public_url(given[-1], lambda _: None, reconcile=realm.reconcile)
    assert len(realm.fits) == 2
    written = (tmp_path / "state/keycloak/data/fits.json").read_text()
    assert "the first one" not in written
    assert "the second one" not in written


async def test_a_note_that_cannot_be_read_is_written_anew(tmp_path: Path) -> None:
    settings, realm = _settings(tmp_path, "https://one.example"), FakeRealm()
    note = tmp_path / "state/keycloak/data/fits.json"
    for content in ("", "[]", '{"public_url": "https://one.example"}'):
        note.write_text(content)
        await follow_public_url(settings, lambda _: None, reconcile=realm.reconcile)
        await follow_public_url(settings, lambda _: None, reconcile=realm.reconcile)
    assert len(realm.fits) == 3


def test_resources_come_from_the_policy_file() -> None:
    resources = read_resources(ROOT / "ext-authz" / "policy.yaml")
    assert {name: resource.path for name, resource in resources.items()} == {
        "weather": "/mcp/weather",
        "calculator": "/mcp/calculator",
    }


@pytest.mark.parametrize("content", [None, "", "[]", "resources: 1", "resources: {weather: {}}", "a: [b"])
def test_policy_file_that_lists_no_resources_is_named(tmp_path: Path, content: str | None) -> None:
    policy = tmp_path / "policy.yaml"
    if content is not None:
        policy.write_text(content)
    with pytest.raises(BadSetting, match="POLICY_FILE"):
        read_resources(policy)
