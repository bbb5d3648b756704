"""Which client scopes a realm gains and loses, so that it follows the policy."""

from typing import Any

import pytest
from gateway.keycloak.changes import AddScope, OfferScope, Realm, RemoveScope, SetMapper
from gateway.keycloak.plan import plan
from gateway.keycloak.scopes import client_scope
from gateway.policy import Resource

URL = "https://gateway.example"
NOTES = Resource("notes", "Notes", "/mcp/notes", ("mcp:notes",), {"read": (), "write": ("mcp:notes:write",)})
MAIL = Resource("mail", "Mail", "/mcp/mail", ("mcp:mail",), {})


def scope(name: str, path: str, **members: Any) -> dict[str, Any]:
    return client_scope(name, "x", [URL + path], []) | {"id": f"id of {name}"} | members


def client(name: str, *optional: str) -> dict[str, Any]:
    return {"id": f"id of {name}", "clientId": name, "optionalClientScopes": list(optional), "defaultClientScopes": []}


def realm(*scopes: dict[str, Any], clients: tuple[dict[str, Any], ...] = (), offered: tuple[str, ...] = ()) -> Realm:
    return Realm({"frontendUrl": URL}, scopes, clients, (), frozenset(offered))


@pytest.mark.covers("O10", "O11", "O13")
def test_a_scope_that_the_policy_names_is_made_with_both_audiences_e_mail_and_consent() -> None:
    changes = plan(realm(clients=(client("mcp-client"),)), URL, {"notes": NOTES})
    assert all(isinstance(change, AddScope) for change in changes)
    made = {change.scope["name"]: change for change in changes if isinstance(change, AddScope)}
    assert set(made) == {"mcp:notes", "mcp:notes:write"}
    configs = [mapper["config"] for mapper in made["mcp:notes:write"].scope["protocolMappers"]]
    assert configs[0]["included.client.audience"] == "api-gateway"
    assert configs[1]["included.custom.audience"] == f"{URL}/mcp/notes"
    assert configs[2]["claim.name"] == "email"
    assert made["mcp:notes:write"].scope["attributes"]["consent.screen.text"] == "Use write of Notes"
    assert made["mcp:notes"].offer.to_realm
    assert made["mcp:notes"].offer.client_uuids == ("id of mcp-client",)


@pytest.mark.covers("O13")
def test_a_client_that_registered_before_may_ask_for_it_if_it_may_ask_for_every_other() -> None:
    clients = (client("mcp-client", "mcp:mail"), client("registered", "mcp:mail"), client("restricted", "email"))
    there = realm(scope("mcp:mail", "/mcp/mail"), clients=clients, offered=("mcp:mail",))
    changes = plan(there, URL, {"mail": MAIL, "notes": NOTES})
    offers = {change.offer.client_uuids for change in changes if isinstance(change, AddScope)}
    assert offers == {("id of mcp-client", "id of registered")}


def test_a_run_that_was_cut_off_is_completed_by_the_next() -> None:
    there = realm(scope("mcp:mail", "/mcp/mail"), clients=(client("mcp-client"),))
    (change,) = plan(there, URL, {"mail": MAIL})
    assert isinstance(change, OfferScope)
    assert (change.scope_id, change.offer.to_realm) == ("id of mcp:mail", True)


def test_a_realm_that_has_all_is_left_alone() -> None:
    there = realm(scope("mcp:mail", "/mcp/mail"), clients=(client("mcp-client", "mcp:mail"),), offered=("mcp:mail",))
    assert plan(there, URL, {"mail": MAIL}) == []


def test_a_scope_of_a_server_that_is_gone_goes_and_what_a_user_made_stays() -> None:
    own = {"id": "own", "name": "own", "protocolMappers": []}
    spare = scope("mcp:mail:later", "/mcp/mail")  # nothing needs it yet, but its server is there
    there = realm(scope("mcp:mail", "/mcp/mail"), scope("mcp:old", "/mcp/old"), own, spare, offered=("mcp:mail",))
    assert [type(change) for change in plan(there, URL, {"mail": MAIL})] == [RemoveScope]


@pytest.mark.covers("O12")
def test_a_scope_that_opens_two_servers_has_an_audience_for_each() -> None:
    both = Resource("notes", "Notes", "/mcp/notes", ("mcp:mail",), {})
    there = realm(scope("mcp:mail", "/mcp/mail"), clients=(client("mcp-client", "mcp:mail"),), offered=("mcp:mail",))
    (change,) = plan(there, URL, {"mail": MAIL, "notes": both})
    assert isinstance(change, SetMapper)
    assert change.mapper["config"]["included.custom.audience"] == f"{URL}/mcp/notes"
    assert "id" not in change.mapper


@pytest.mark.covers("O12")
def test_an_audience_that_a_user_added_is_not_taken_for_ours() -> None:
    mine = scope("mcp:mail", "/mcp/mail")
    mine["protocolMappers"].insert(0, {"name": "mine", "protocolMapper": "oidc-audience-mapper", "id": "1",
                                       "config": {"included.custom.audience": "https://other.example"}})  # fmt: skip
    there = realm(mine, clients=(client("mcp-client", "mcp:mail"),), offered=("mcp:mail",))
    moved = [change for change in plan(there, "https://new.example", {"mail": MAIL}) if isinstance(change, SetMapper)]
    assert [change.mapper["config"]["included.custom.audience"] for change in moved] == ["https://new.example/mcp/mail"]
    assert moved[0].mapper["name"] == "audience of the resource"
