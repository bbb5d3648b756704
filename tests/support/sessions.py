"""Sessions at a running gateway that a test starts and ends, and the administrator who may do so too."""

import time
from collections.abc import Sequence

from gateway.client.authorization import Tokens, authorize
from gateway.client.errors import SignInFailed
from keycloak import KeycloakAdmin

from tests.support.keycloak import TESTUSER, ExactLoginForm
from tests.support.stack import Stack

REALM = "/realms/mcp-gateway"
OPENID = f"{REALM}/protocol/openid-connect"


def signed_in(stack: Stack, client_id: str = "mcp-client", *scopes: str) -> Tokens:
    """By the login form (and the consent page), in a browser of its own.

    Keycloak refuses a user whose sign-in before it has not quite finished with, and calls the password wrong
    (DefaultBlockingBruteForceProtector.isLoginInProgress); so it is tried twice.
    """
    try:
        return _signed_in(stack, client_id, scopes)
    except SignInFailed:
        time.sleep(1)  # until it has counted the one before
        return _signed_in(stack, client_id, scopes)


def _signed_in(stack: Stack, client_id: str, scopes: Sequence[str]) -> Tokens:
    with stack.client() as http:
        form = ExactLoginForm(http, *TESTUSER, origin=stack.url, accept_consent=True)
        asked = scopes or ("openid", "mcp:calculator")
        return authorize(http, f"{stack.url}{REALM}", client_id, asked, form)


def administrator(stack: Stack) -> KeycloakAdmin:
    """At Keycloak's own port."""
    password = stack.settings.kc_bootstrap_admin_password.get_secret_value()
    server = f"http://localhost:{stack.settings.keycloak_port}"
    return KeycloakAdmin(
        server_url=server, username="admin", password=password, realm_name="mcp-gateway", user_realm_name="master"
    )
