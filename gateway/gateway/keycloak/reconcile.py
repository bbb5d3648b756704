"""Brings a running realm in step with the public URL and the policy, through Keycloak's admin API.

By python-keycloak; blocking.
"""

from collections.abc import Mapping

from keycloak import KeycloakAdmin
from keycloak.exceptions import KeycloakConnectionError, KeycloakError

from gateway.keycloak.changes import (
    AddScope,
    Change,
    Offer,
    OfferScope,
    Realm,
    RemoveScope,
    SetAttributes,
    SetClient,
    SetComponent,
    SetMapper,
)
from gateway.keycloak.errors import AdminRefused, KeycloakUnavailable, RealmError
from gateway.keycloak.plan import plan
from gateway.policy import Resource

REALM = "mcp-gateway"
TIMEOUT = 20  # seconds for one request; Keycloak's first ones after a start are slow
WEB_ORIGINS_POLICY = "registration-web-origins"
POLICY_TYPE = "org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy"
FORBIDDEN = (401, 403)


def reconcile_realm(
    *,
    keycloak_url: str,
    admin_user: str,
    admin_password: str,
    public_url: str,
    resources: Mapping[str, Resource],
    client_secrets: Mapping[str, str] | None = None,
) -> list[str]:
    """Make the realm fit `public_url` and the policy; return what was changed, in words.

    Where it fits already, nothing is written and [] returned.

    `keycloak_url` is where Keycloak listens (http://localhost:8080), `public_url` an origin without a trailing slash,
    `resources` are the policy's, by name. `client_secrets` are made to be the clients'; one without is left as it is.

    Raises:
        AdminRefused: the administrator's name or password is not the one that Keycloak knows.
        KeycloakUnavailable: Keycloak does not answer, or does not have the realm.
    """
    try:
        admin = sign_in(keycloak_url, admin_user, admin_password)
        changes = plan(_read(admin), public_url, resources, client_secrets)
        for change in changes:
            _write(admin, change)
    except KeycloakError as error:
        raise explained(error, keycloak_url, admin_user) from error
    return [change.text for change in changes]


def sign_in(url: str, user: str, password: str) -> KeycloakAdmin:
    admin = KeycloakAdmin(
        server_url=url, username=user, password=password, realm_name=REALM, user_realm_name="master", timeout=TIMEOUT
    )
    try:
        admin.connection.get_token()
    except KeycloakConnectionError:
        raise
    except KeycloakError as error:  # 400 invalid_grant (RFC 6749 §5.2), or 401
        raise AdminRefused(
            f"Keycloak at {url} refuses the administrator {user!r}: set KC_BOOTSTRAP_ADMIN_USERNAME and"
            " KC_BOOTSTRAP_ADMIN_PASSWORD to the name and password that it was first started with"
        ) from error
    return admin


def _read(admin: KeycloakAdmin) -> Realm:
    components = admin.get_components({"type": POLICY_TYPE})
    return Realm(
        attributes=admin.get_realm(REALM).get("attributes", {}),
        client_scopes=tuple(admin.get_client_scopes()),
        clients=tuple(admin.get_clients()),
        web_origin_policies=tuple(c for c in components if c["providerId"] == WEB_ORIGINS_POLICY),
        offered_scopes=frozenset(
            scope["name"]
            for scope in (*admin.get_default_optional_client_scopes(), *admin.get_default_default_client_scopes())
        ),
    )


def _write(admin: KeycloakAdmin, change: Change) -> None:
    match change:
        case SetMapper(scope_id, mapper) if "id" in mapper:
            admin.update_mapper_in_client_scope(scope_id, mapper["id"], mapper)
        case SetMapper(scope_id, mapper):
            admin.add_mapper_to_client_scope(scope_id, mapper)
        case SetClient(client_uuid, members):
            admin.update_client(client_uuid, members)
        case SetComponent(component):
            admin.update_component(component["id"], component)
        case SetAttributes(attributes):
            admin.update_realm(REALM, {"attributes": attributes})
        case _:
            _write_scope(admin, change)


def _write_scope(admin: KeycloakAdmin, change: AddScope | OfferScope | RemoveScope) -> None:
    match change:
        case AddScope(scope, offer):
            _offer(admin, admin.create_client_scope(scope), offer)
        case OfferScope(scope_id, offer):
            _offer(admin, scope_id, offer)
        case RemoveScope(scope_id):
            admin.delete_client_scope(scope_id)


def _offer(admin: KeycloakAdmin, scope_id: str, offer: Offer) -> None:
    if offer.to_realm:
        admin.add_default_optional_client_scope(scope_id)
    for uuid in offer.client_uuids:
        admin.add_client_optional_client_scope(uuid, scope_id, {})


def explained(error: KeycloakError, url: str, user: str) -> RealmError:
    if isinstance(error, KeycloakConnectionError):
        return KeycloakUnavailable(f"Keycloak does not answer at {url}: {error}")
    if error.response_code in FORBIDDEN:
        return AdminRefused(f"Keycloak at {url} does not let {user!r} manage the realm {REALM}: give it the role admin")
    return KeycloakUnavailable(f"Keycloak at {url} cannot be asked about the realm {REALM}: {error}")
