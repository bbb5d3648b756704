"""Sessions at a running gateway that a test starts and ends, and the administrator who may do so too."""

from gateway.client.authorization import Tokens, authorize
from keycloak import KeycloakAdmin

from tests.support.keycloak import TESTUSER, ExactLoginForm
from tests.support.stack import Stack

REALM = "/realms/mcp-gateway"
OPENID = f"{REALM}/protocol/openid-connect"


def signed_in(stack: Stack, client_id: str = "mcp-client", *scopes: str) -> Tokens:
    """By the login form (and the consent page), in a browser of its own."""
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
