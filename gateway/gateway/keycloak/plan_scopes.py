"""What must change so that a realm has every client scope of the policy, each opening the resources that name it."""

from collections.abc import Iterable, Iterator, Mapping

from gateway.keycloak.changes import AddScope, Change, Json, Offer, OfferScope, Realm, RemoveScope, SetMapper
from gateway.keycloak.scopes import (
    AUDIENCE_MAPPER,
    GATEWAY_CLIENT,
    RESOURCE_MAPPER_NAME,
    audience_mapper,
    client_scope,
    gateway_mapper,
)
from gateway.policy import Resource

OUR_CLIENTS = ("mcp-client", "mcp-machine")


def plan_scopes(realm: Realm, old_url: str, new_url: str, resources: Mapping[str, Resource]) -> Iterator[Change]:
    """The changes, for a gateway that was at `old_url` ("" where that is not known) and is at `new_url`."""
    wanted = _opened_by(resources)
    there = {scope["name"]: scope for scope in realm.client_scopes}
    for name, opened in wanted.items():
        offer = _offer(realm, name, wanted)
        if name not in there:
            yield _addition(name, opened, new_url, offer)
            continue
        yield from _audiences(there[name], old_url, new_url, [resource.path for resource in opened])
        if offer.to_realm or offer.client_uuids:
            yield OfferScope(there[name]["id"], offer, f"clients may now ask for {name}")
    for scope in realm.client_scopes:
        if scope["name"] not in wanted:
            yield from _leftover(scope, old_url, new_url, {resource.path for resource in resources.values()})


def _opened_by(resources: Mapping[str, Resource]) -> dict[str, list[Resource]]:
    """Each scope of the policy with the resources that it opens: one, unless somebody wants it otherwise."""
    found: dict[str, list[Resource]] = {}
    for resource in resources.values():
        for scope in resource.scopes:
            found.setdefault(scope, []).append(resource)
    return found


def _addition(name: str, opened: list[Resource], new_url: str, offer: Offer) -> AddScope:
    audiences = [new_url + resource.path for resource in opened]
    scope = client_scope(name, opened[0].title, audiences, opened[0].tools_that_need(name))
    return AddScope(scope, offer, f"the scope {name} now opens {' and '.join(audiences)}")


def _offer(realm: Realm, name: str, wanted: Iterable[str]) -> Offer:
    """To our own clients, and to those that may ask for every other one: what registered before knows no difference."""
    others = (set(wanted) - {name}) & {scope["name"] for scope in realm.client_scopes}
    clients = []
    for client in realm.clients:
        may = {*client.get("optionalClientScopes", []), *client.get("defaultClientScopes", [])}
        if name not in may and (client["clientId"] in OUR_CLIENTS or (others and others <= may)):
            clients.append(str(client["id"]))
    return Offer(name not in realm.offered_scopes, tuple(clients))


def _audiences(scope: Json, old_url: str, new_url: str, paths: list[str]) -> Iterator[Change]:
    mappers = _audience_mappers(scope)
    if not any(m["config"].get("included.client.audience") == GATEWAY_CLIENT for m in mappers):
        yield SetMapper(scope["id"], gateway_mapper(), f"tokens for {scope['name']} may now be introspected")
    for path in paths:
        new = new_url + path
        if not any(_audience(m) == new for m in mappers):
            known = {url + other for other in paths if other != path for url in (old_url, new_url)}
            mapper = _moved(mappers, old_url + path, new, known)
            yield SetMapper(scope["id"], mapper, f"tokens for {scope['name']} are now for {new}")


def _moved(mappers: list[Json], old: str, new: str, known: set[str]) -> Json:
    """A mapper for `new`: the one for `old`, or ours if it serves none of `known`; else another one."""
    for mapper in mappers:
        is_ours = mapper["name"] == RESOURCE_MAPPER_NAME and _audience(mapper) not in known
        if is_ours or _audience(mapper) == old:
            return {**mapper, "config": {**mapper["config"], "included.custom.audience": new}}
    is_taken = any(mapper["name"] == RESOURCE_MAPPER_NAME for mapper in mappers)
    name = f"{RESOURCE_MAPPER_NAME} {new}" if is_taken else RESOURCE_MAPPER_NAME
    return audience_mapper(name, "included.custom.audience", new)


def _leftover(scope: Json, old_url: str, new_url: str, paths: set[str]) -> Iterator[Change]:
    """A scope that the policy does not name: one that we made for a resource that is gone goes as well."""
    for mapper in _audience_mappers(scope):
        url, path = _split(_audience(mapper), old_url, new_url)
        if mapper["name"] == RESOURCE_MAPPER_NAME and path and path not in paths:
            yield RemoveScope(scope["id"], f"the scope {scope['name']} is gone, with the server at {path}")
        elif path and url != new_url:
            config = {**mapper["config"], "included.custom.audience": new_url + path}
            text = f"tokens for {scope['name']} are now for {new_url + path}"
            yield SetMapper(scope["id"], {**mapper, "config": config}, text)


def _split(audience: str, *urls: str) -> tuple[str, str]:
    """The URL of ours that `audience` is at, and the path there; twice "" where it is elsewhere."""
    return next(((url, audience.removeprefix(url)) for url in urls if url and audience.startswith(f"{url}/")), ("", ""))


def _audience_mappers(scope: Json) -> list[Json]:
    return [m for m in scope.get("protocolMappers", []) if m["protocolMapper"] == AUDIENCE_MAPPER]


def _audience(mapper: Json) -> str:
    return str(mapper["config"].get("included.custom.audience", ""))
