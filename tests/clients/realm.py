"""The administrator of a running gateway's realm, for what a test must change or end in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from keycloak import KeycloakAdmin

from tests.support.stack import Stack

REALM = "mcp-gateway"


def administrator(stack: Stack) -> KeycloakAdmin:
    settings = stack.settings
    return KeycloakAdmin(
        server_url=f"http://localhost:{settings.keycloak_port}",
        username=settings.kc_bootstrap_admin_username,
        password=settings.kc_bootstrap_admin_password.get_secret_value(),
        realm_name=REALM,
        user_realm_name="master",
    )


@contextmanager
def changed_realm(stack: Stack, **members: Any) -> Iterator[None]:
    """The realm with other settings for a while."""
    before = administrator(stack).get_realm(REALM)
    administrator(stack).update_realm(REALM, members)
    try:
        yield
    finally:
        administrator(stack).update_realm(REALM, {name: before[name] for name in members})


def end_sessions(stack: Stack, username: str) -> None:
    """What an administrator does for a user who lost a laptop."""
    admin = administrator(stack)
    admin.user_logout(admin.get_user_id(username) or "")
