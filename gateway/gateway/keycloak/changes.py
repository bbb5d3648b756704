"""A realm as far as it follows the gateway, and the kinds of change that can be made to it."""

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Realm:
    """The parts of a realm that follow the public URL and the policy, as the admin API gives them."""

    attributes: Json
    client_scopes: tuple[Json, ...]
    clients: tuple[Json, ...]
    web_origin_policies: tuple[Json, ...]
    offered_scopes: frozenset[str]  # those that a newly registered client may ask for, or always gets


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


@dataclass(frozen=True, slots=True)
class Offer:
    """Who may ask for a client scope: clients that register later (`to_realm`), and some that exist (their uuids)."""

    to_realm: bool
    client_uuids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AddScope:
    """Create a client scope and offer it."""

    scope: Json
    offer: Offer
    text: str


@dataclass(frozen=True, slots=True)
class OfferScope:
    """Offer a client scope that exists."""

    scope_id: str
    offer: Offer
    text: str


@dataclass(frozen=True, slots=True)
class RemoveScope:
    """Remove a client scope, from the clients that could ask for it as well."""

    scope_id: str
    text: str


Change = SetMapper | SetClient | SetComponent | SetAttributes | AddScope | OfferScope | RemoveScope
