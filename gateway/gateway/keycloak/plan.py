"""What must change in a realm so that it fits a public URL: a pure function from what is there to a list of changes.

Keycloak imports keycloak/realm-export.json once, at its first start, and fills in ${PUBLIC_URL} then. With another
public URL later, these would still name the old one: the issuer (frontendUrl), the audiences in tokens, and the
redirect URIs and origins at the gateway itself. Whatever else a user edited in the realm is not looked at.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

AUDIENCE_MAPPER = "oidc-audience-mapper"
GATEWAY_CLIENT = "api-gateway"
RESOURCE_MAPPER_NAME = "audience of the resource"
GATEWAY_MAPPER_NAME = "audience of the gateway"
URI_LISTS = ("redirectUris", "webOrigins")


@dataclass(frozen=True, slots=True)
class Realm:
    """The parts of a realm that may name the public URL, as the admin API gives them."""

    attributes: Json
    client_scopes: tuple[Json, ...]
    clients: tuple[Json, ...]
    web_origin_policies: tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class SetMapper:
    """Create (`mapper` has no id) or replace a protocol mapper of a client scope."""

    scope_id: str
    mapper: Json
    text: str


@dataclass(frozen=True, slots=True)
class SetClient:
    """Replace some members of a client."""

    client_uuid: str
    members: Json
    text: str


@dataclass(frozen=True, slots=True)
class SetComponent:
    """Replace a component (here: a registration policy)."""

    component: Json
    text: str


@dataclass(frozen=True, slots=True)
class SetAttributes:
    """Replace the realm's attributes; Keycloak removes those that are left out."""

    attributes: Json
    text: str


Change = SetMapper | SetClient | SetComponent | SetAttributes


def plan(realm: Realm, public_url: str, resources: Mapping[str, str]) -> list[Change]:
    """The changes that make `realm` fit; `resources` maps a resource's name to its path at the gateway."""
    old_url = str(realm.attributes.get("frontendUrl", ""))
    changes: list[Change] = []
    for scope in realm.client_scopes:
        if resource := _resource_of(scope["name"], resources):
            changes += _audiences(scope, old_url + resources[resource], public_url + resources[resource])
    if old_url and old_url != public_url:
        changes += _clients(realm.clients, old_url, public_url)
        changes += _web_origins(realm.web_origin_policies, old_url, public_url)
    # Last, because it says which URL is the old one: a run that was cut off is completed by the next.
    if old_url != public_url:
        attributes = {**realm.attributes, "frontendUrl": public_url}
        changes.append(SetAttributes(attributes, f"the realm's address is now {public_url}"))
    return changes


def _resource_of(scope: str, resources: Mapping[str, str]) -> str | None:
    """`mcp:weather` and `mcp:weather:alerts` open the resource `weather`; `mcp:weatherx` does not."""
    return next((name for name in resources if f"{scope}:".startswith(f"mcp:{name}:")), None)


def _audiences(scope: Json, old: str, new: str) -> Iterable[Change]:
    mappers = [m for m in scope.get("protocolMappers", []) if m["protocolMapper"] == AUDIENCE_MAPPER]
    if not any(m["config"].get("included.client.audience") == GATEWAY_CLIENT for m in mappers):
        mapper = _audience_mapper(GATEWAY_MAPPER_NAME, "included.client.audience", GATEWAY_CLIENT)
        yield SetMapper(scope["id"], mapper, f"tokens for {scope['name']} may now be introspected by the gateway")
    if any(m["config"].get("included.custom.audience") == new for m in mappers):
        return
    text = f"tokens for {scope['name']} are now for {new}"
    for mapper in mappers:
        if mapper["name"] == RESOURCE_MAPPER_NAME or mapper["config"].get("included.custom.audience") == old:
            config = {**mapper["config"], "included.custom.audience": new}
            yield SetMapper(scope["id"], {**mapper, "config": config}, text)
            return
    yield SetMapper(scope["id"], _audience_mapper(RESOURCE_MAPPER_NAME, "included.custom.audience", new), text)


def _audience_mapper(name: str, member: str, audience: str) -> Json:
    places = {"access.token.claim": "true", "introspection.token.claim": "true", "id.token.claim": "false"}
    return {
        "name": name,
        "protocol": "openid-connect",
        "protocolMapper": AUDIENCE_MAPPER,
        "config": {member: audience, **places},
    }


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
