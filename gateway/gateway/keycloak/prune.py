"""Removes unused clients from a running realm, through Keycloak's admin API. By python-keycloak; blocking."""

import time

from keycloak import KeycloakAdmin
from keycloak.exceptions import KeycloakError, KeycloakGetError, raise_error_from_response

from gateway.keycloak.pruning import DAY, Mark, Remove, plan_pruning
from gateway.keycloak.reconcile import REALM, explained, sign_in

SIGN_INS_OF = 2 * DAY  # the gateway may have been down, or nobody have looked for a while
MOST_SIGN_INS = 10_000
NOT_FOUND = 404


def prune_clients(*, keycloak_url: str, admin_user: str, admin_password: str, now: int | None = None) -> int:
    """Remove the clients that registered themselves and are not used; return how many.

    Raises:
        AdminRefused: the administrator's name or password is not the one that Keycloak knows.
        KeycloakUnavailable: Keycloak does not answer, or does not have the realm.
    """
    now = int(time.time()) if now is None else now
    try:
        admin = sign_in(keycloak_url, admin_user, admin_password)
        # Sessions after the clients: one that is registered in between is not looked at
        clients = admin.get_clients()
        steps = list(plan_pruning(clients, _in_use(admin, now), now))
        for step in steps:
            _do(admin, step)
    except KeycloakError as error:
        raise explained(error, keycloak_url, admin_user) from error
    return sum(isinstance(step, Remove) for step in steps)


def _in_use(admin: KeycloakAdmin, now: int) -> frozenset[str]:
    """Clients with sessions, by their uuid; and those somebody signed in with, by their name, which is the same."""
    sessions = admin.connection.raw_get(f"admin/realms/{REALM}/client-session-stats")
    raise_error_from_response(sessions, KeycloakGetError)
    since = (now - SIGN_INS_OF) * 1000
    events = admin.get_events({"type": ["LOGIN"], "dateFrom": since, "max": MOST_SIGN_INS})
    return frozenset(one["id"] for one in sessions.json()) | {event["clientId"] for event in events}


def _do(admin: KeycloakAdmin, step: Mark | Remove) -> None:
    try:
        match step:
            case Mark(uuid, attributes):
                admin.update_client(uuid, {"attributes": attributes})
            case Remove(uuid):
                admin.delete_client(uuid)
    except KeycloakError as error:
        if error.response_code != NOT_FOUND:  # it is gone already, which was to be reached
            raise
