"""The realm's client policies by which a client is known by the URL of its own metadata (docs/client-id-metadata.md).

A policy is a condition and the profile that it brings into play. The condition is the guard: a client ID at any other
host is an unknown client, and nothing is fetched. The profile fetches and judges the document.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from keycloak.exceptions import KeycloakError, KeycloakPutError, raise_error_from_response

from gateway.keycloak.reconcile import REALM, explained, sign_in

Json = dict[str, Any]

OURS = "client-id-metadata"
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
"""Where native clients listen. The profile knows one list for all URIs of a document, redirect URIs among them."""


def read_documents_of(hosts: Sequence[str], *, keycloak_url: str, admin_user: str, admin_password: str) -> None:
    """Have the realm read documents from `hosts` and from nowhere else; where there are none, from nowhere.

    Raises:
        AdminRefused: the administrator's name or password is not the one that Keycloak knows.
        KeycloakUnavailable: Keycloak does not answer.
    """
    try:
        connection = sign_in(keycloak_url, admin_user, admin_password).connection
        # The policy names the profile, so it comes after it and goes before it
        for kind in ("profiles", "policies") if hosts else ("policies", "profiles"):
            place = f"admin/realms/{REALM}/client-policies/{kind}"
            members = connection.raw_get(place).json()[kind]
            made = with_profile(members, hosts) if kind == "profiles" else with_policy(members, hosts)
            answer = connection.raw_put(place, data=json.dumps({kind: made}))
            raise_error_from_response(answer, KeycloakPutError, expected_codes=[204])
    except KeycloakError as error:
        raise explained(error, keycloak_url, admin_user) from error


def with_profile(profiles: Iterable[Json], hosts: Sequence[str]) -> list[Json]:
    """The realm's `profiles` with ours for `hosts`."""
    configuration = {
        "cimd-allow-http-scheme": False,
        "cimd-allow-permitted-domains": [*hosts, *(name for name in LOOPBACK if name not in hosts)],
        "cimd-restrict-same-domain": False,  # a native client's callback is on loopback, its document is not
        "only-allow-confidential-client": False,
    }
    executor = {"executor": "client-id-metadata-document", "configuration": configuration}
    ours = {"name": OURS, "description": "Fetches the client's metadata from its ID", "executors": [executor]}
    return [*_others(profiles), *([ours] if hosts else [])]


def with_policy(policies: Iterable[Json], hosts: Sequence[str]) -> list[Json]:
    """The realm's `policies` with ours for `hosts`."""
    configuration = {"client-id-uri-scheme": ["https"], "client-id-uri-allow-permitted-domains": list(hosts)}
    ours = {
        "name": OURS,
        "description": "Clients whose ID is a URL at one of these hosts",
        "enabled": True,
        "conditions": [{"condition": "client-id-uri", "configuration": configuration}],
        "profiles": [OURS],
    }
    return [*_others(policies), *([ours] if hosts else [])]


def _others(members: Iterable[Json]) -> list[Json]:
    return [member for member in members if member["name"] != OURS]
