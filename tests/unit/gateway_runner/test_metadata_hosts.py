"""CLIENT_ID_METADATA_HOSTS: whose documents Keycloak reads, and that the realm follows the setting both ways."""

from pathlib import Path
from typing import Any

import pytest
from gateway.keycloak.metadata_documents import LOOPBACK, OURS, with_policy, with_profile
from gateway.runner.keycloak_install import install_path
from gateway.runner.metadata_hosts import follow_metadata_hosts
from gateway.settings import Settings
from pydantic import ValidationError

ROOT = Path(__file__).resolve().parents[3]
HOSTS = ("claude.ai", "vscode.dev")
THEIRS = {"name": "mcp-baseline"}


def settings(hosts: str, **more: Any) -> Settings:
    return Settings(home=ROOT, client_id_metadata_hosts=hosts, **more)


@pytest.mark.covers("O16")
def test_it_is_off_unless_hosts_are_named() -> None:
    assert Settings.model_fields["client_id_metadata_hosts"].default == ""
    assert settings("").metadata_hosts == ()
    assert settings(" claude.ai, vscode.dev,claude.ai,").metadata_hosts == HOSTS


@pytest.mark.covers("O16")
@pytest.mark.parametrize(
    "hosts",
    ["*", "*.ai", "https://claude.ai", "claude.ai:443", "127.0.0.1", "[::1]", "Claude.ai", "claude.ai/x", "a b"],
)
def test_a_host_that_is_no_whole_name_stops_the_start(hosts: str) -> None:
    with pytest.raises(ValidationError, match="whole name"):
        settings(hosts)


@pytest.mark.covers("O16")
def test_another_keycloak_cannot_be_given_the_feature() -> None:
    with pytest.raises(ValidationError, match="CLIENT_ID_METADATA_HOSTS and KEYCLOAK_URL"):
        settings("claude.ai", keycloak_url="http://keycloak.internal:8080")


@pytest.mark.covers("O16")
def test_only_the_named_hosts_are_asked_and_loopback_is_for_callbacks_alone() -> None:
    """The condition comes first: at a host that it does not name nothing is fetched, whatever the profile allows."""
    [policy] = with_policy([], HOSTS)
    [condition] = policy["conditions"]
    assert condition["configuration"]["client-id-uri-allow-permitted-domains"] == list(HOSTS)
    assert condition["configuration"]["client-id-uri-scheme"] == ["https"]
    assert policy["profiles"] == [OURS]
    [executor] = with_profile([], HOSTS)[0]["executors"]
    assert executor["configuration"]["cimd-allow-permitted-domains"] == [*HOSTS, *LOOPBACK]
    assert executor["configuration"]["cimd-allow-http-scheme"] is False


@pytest.mark.covers("O16")
@pytest.mark.parametrize("made", [with_profile, with_policy])
def test_what_else_the_realm_has_stays_and_ours_is_there_once_or_not_at_all(made: Any) -> None:
    twice = made(made([THEIRS], HOSTS), HOSTS)
    assert [member["name"] for member in twice] == ["mcp-baseline", OURS]
    assert made(twice, ()) == [THEIRS]


@pytest.mark.covers("O16")
async def test_the_realm_is_asked_only_where_the_hosts_are_others_than_last_time(tmp_path: Path) -> None:
    (tmp_path / "keycloak" / "data").mkdir(parents=True)
    told: list[tuple[str, ...]] = []
    said: list[str] = []
    for hosts in ("", "claude.ai", "claude.ai", "claude.ai,vscode.dev", "", ""):
        await follow_metadata_hosts(
            settings(hosts, state_dir=tmp_path), said.append, allow=lambda given: told.append(given.metadata_hosts)
        )
    assert told == [("claude.ai",), HOSTS, ()]
    assert len(said) == 3


def test_a_build_with_the_feature_lies_beside_the_plain_one(tmp_path: Path) -> None:
    assert install_path(tmp_path, "cimd") == tmp_path / f"{install_path(tmp_path).name}-cimd"
