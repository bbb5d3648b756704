"""What stands in this repository opens nothing in production, and is warned of before."""

import json
from pathlib import Path

import pytest
from gateway.runner.errors import BadSetting
from gateway.runner.published import open_to_network, realm_to_import, refuse_published

from tests.support.runner import ROOT, settings_in

OWN = dict.fromkeys(("keycloak_client_secret", "kc_bootstrap_admin_password", "mcp_machine_secret"), "my own")
REALM = ROOT / "keycloak" / "realm-export.json"


@pytest.mark.covers("S19")
@pytest.mark.parametrize("name", sorted(OWN))
def test_default_password_is_refused_in_production_by_the_name_of_its_variable(tmp_path: Path, name: str) -> None:
    given = {key: value for key, value in OWN.items() if key != name}
    with pytest.raises(BadSetting, match=f"^{name.upper()} must not be the published default"):
        refuse_published(settings_in(tmp_path, environment="production", **given))
    refuse_published(settings_in(tmp_path, environment="development", **given))
    refuse_published(settings_in(tmp_path, environment="production", **OWN))


@pytest.mark.parametrize(
    ("address", "environment", "is_warned"),
    [
        ("0.0.0.0", "development", True),
        ("::", "development", True),
        ("192.0.2.7", "development", True),
        ("0.0.0.0", "production", False),
        ("127.0.0.1", "development", False),
        ("127.0.0.2", "development", False),
        ("::1", "development", False),
    ],
)
def test_warning_is_given_where_the_network_gets_in(
    tmp_path: Path, address: str, environment: str, *, is_warned: bool
) -> None:
    warning = open_to_network(settings_in(tmp_path, bind_address=address, environment=environment))
    assert bool(warning) is is_warned
    assert warning is None or ("\n" not in warning and address in warning)


@pytest.mark.covers("S19")
def test_realm_is_imported_without_the_test_user_in_production_and_as_it_is_otherwise() -> None:
    committed = json.loads(REALM.read_bytes())
    assert realm_to_import(REALM, production=False) == REALM.read_bytes()
    assert json.loads(realm_to_import(REALM, production=True)) == committed | {"users": []}


def test_users_of_ones_own_are_imported_in_production(tmp_path: Path) -> None:
    (tmp_path / "realm.json").write_text('{"users": [{"username": "testuser"}, {"username": "ada"}]}')
    assert json.loads(realm_to_import(tmp_path / "realm.json", production=True)) == {"users": [{"username": "ada"}]}
