"""What must change in a realm so that it fits a public URL and a policy: a pure function to a list of changes.

Keycloak imports keycloak/realm-export.json once, at its first start, and fills in ${PUBLIC_URL} then. With another
public URL later, these would still name the old one: the issuer (frontendUrl), the audiences in tokens, and the
redirect URIs and origins at the gateway itself. So would ${KEYCLOAK_CLIENT_SECRET}, with which the authorizer asks, and
${MCP_MACHINE_SECRET}.
With another policy, client scopes are missing, or left over (`scopes.py`). Whatever else a user edited in the realm is
not looked at.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.keycloak.changes import Change, Realm, SetAttributes, SetClient, SetComponent
from gateway.keycloak.plan_scopes import plan_scopes
from gateway.policy import Resource

Json = dict[str, Any]

URI_LISTS = ("redirectUris", "webOrigins")


def plan(
    realm: Realm, public_url: str, resources: Mapping[str, Resource], client_secrets: Mapping[str, str] | None = None
) -> list[Change]:
    """The changes that make `realm` fit; `resources` are the policy's, by name. A client that `client_secrets` does
    not name may have any.
    """
    old_url = str(realm.attributes.get("frontendUrl", ""))
    changes: list[Change] = list(plan_scopes(realm, old_url, public_url, resources))
    if old_url and old_url != public_url:
        changes += _clients(realm.clients, old_url, public_url)
        changes += _web_origins(realm.web_origin_policies, old_url, public_url)
    changes += _secrets(realm.clients, client_secrets or {})
    # Last, because it says which URL is the old one: a run that was cut off is completed by the next.
    if old_url != public_url:
        attributes = {**realm.attributes, "frontendUrl": public_url}
        changes.append(SetAttributes(attributes, f"the realm's address is now {public_url}"))
    return changes


def _secrets(clients: Iterable[Json], secrets: Mapping[str, str]) -> Iterable[Change]:
    for client in clients:
        name = client["clientId"]
        if name in secrets and client.get("secret") != secrets[name]:
            yield SetClient(client["id"], {"secret": secrets[name]}, f"{name} has another secret")


def _clients(clients: Iterable[Json], old: str, new: str) -> Iterable[Change]:
    for client in clients:
        members = {}
        for name in URI_LISTS:
            before = client.get(name, [])
            if (after := _moved(before, old, new)) != before:
                members[name] = after
        if members:
            yield SetClient(client["id"], members, f"{' and '.join(members)} of {client['clientId']} name {new}")


def _web_origins(policies: Iterable[Json], old: str, new: str) -> Iterable[Change]:
    for policy in policies:
        before = policy.get("config", {}).get("web-origins", [])
        if (after := _moved(before, old, new)) != before:
            config = {**policy["config"], "web-origins": after}
            yield SetComponent({**policy, "config": config}, f"{policy['name']} allows {new}")


def _moved(uris: list[str], old: str, new: str) -> list[str]:
    """`uris` with those at `old` moved to `new`; https://localhost:8443 is not at https://localhost."""
    return [new + uri.removeprefix(old) if uri == old or uri.startswith(f"{old}/") else uri for uri in uris]
