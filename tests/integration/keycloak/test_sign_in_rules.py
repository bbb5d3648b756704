"""What the realm refuses at sign-in, and how the client tells its user."""

import httpx
import pytest
from gateway.client.errors import SignInFailed

from tests.support.keycloak import GATEWAY_CLIENT, RunningKeycloak

REQUEST = {
    "client_id": "mcp-client",
    "response_type": "code",
    "redirect_uri": "http://127.0.0.1:5555/callback",
    "scope": "mcp:weather",
    "state": "s",
    "code_challenge": "a" * 43,
    "code_challenge_method": "S256",
}


def ask(keycloak: RunningKeycloak, **changed: str | None) -> httpx.Response:
    """The first step of the flow, up to the login page."""
    parameters = {name: value for name, value in (REQUEST | changed).items() if value is not None}
    with keycloak.http() as http:
        return http.get(keycloak.endpoint("auth"), params=parameters)


@pytest.mark.covers("O3", "O15")
@pytest.mark.parametrize(
    "without", [{"code_challenge": None, "code_challenge_method": None}, {"code_challenge_method": "plain"}]
)
def test_request_without_pkce_s256_is_refused(keycloak: RunningKeycloak, without: dict[str, str | None]) -> None:
    answer = ask(keycloak, **without)
    assert answer.is_redirect
    assert "error=invalid_request" in answer.headers["location"]


@pytest.mark.covers("O15")
def test_implicit_grant_is_refused(keycloak: RunningKeycloak) -> None:
    answer = ask(keycloak, response_type="token", nonce="n")
    assert "error=unauthorized_client" in answer.headers["location"]
    assert "access_token" not in answer.headers["location"]


@pytest.mark.covers("O15")
@pytest.mark.parametrize("client_id", ["mcp-client", "admin-cli"])
def test_password_grant_is_refused_for_every_client(keycloak: RunningKeycloak, client_id: str) -> None:
    form = {"grant_type": "password", "client_id": client_id, "username": "testuser", "password": "testpassword123"}
    answer = httpx.post(keycloak.endpoint("token"), data=form)
    assert answer.status_code == 400
    assert "access_token" not in answer.text


@pytest.mark.covers("O4")
def test_the_gateways_own_client_can_get_no_token(keycloak: RunningKeycloak) -> None:
    answer = httpx.post(keycloak.endpoint("token"), data={"grant_type": "client_credentials"}, auth=GATEWAY_CLIENT)
    assert "access_token" not in answer.text
    assert ask(keycloak, client_id="api-gateway").status_code == 400


@pytest.mark.covers("O4")
def test_introspection_needs_the_client_secret(keycloak: RunningKeycloak) -> None:
    answer = httpx.post(keycloak.endpoint("token/introspect"), data={"token": "x"}, auth=("api-gateway", "wrong"))
    assert answer.status_code == 401


@pytest.mark.covers("O14")
@pytest.mark.parametrize(
    "uri",
    [
        "http://localhost:6274/oauth/callback",
        "http://127.0.0.1:33418/",
        "http://localhost:51234/callback",
        "http://[::1]:51234/callback",
        "https://vscode.dev/redirect",
        "https://insiders.vscode.dev/redirect",
        "https://claude.ai/api/mcp/auth_callback",
        "cursor://anysphere.cursor-mcp/oauth/callback",
    ],
)
def test_callbacks_of_known_clients_and_of_any_loopback_port_are_accepted(keycloak: RunningKeycloak, uri: str) -> None:
    assert ask(keycloak, redirect_uri=uri).status_code == 200


@pytest.mark.covers("O15")
@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/callback",
        "http://localhost.evil.example/",
        "http://localhost@evil.example/",
        "https://vscode.dev/redirect/further",
        "https://vscode.dev/redirect?to=https://evil.example",
        "http://192.168.1.1/callback",
        "cursor://anysphere.cursor-mcp/other",
        "javascript:alert(1)",
    ],
)
def test_any_other_callback_is_refused_on_a_page_and_never_redirected_to(keycloak: RunningKeycloak, uri: str) -> None:
    answer = ask(keycloak, redirect_uri=uri)
    assert answer.status_code == 400
    assert "location" not in answer.headers


def test_wrong_password_is_told_in_keycloaks_words(keycloak: RunningKeycloak) -> None:
    with pytest.raises(SignInFailed, match=r"Keycloak refused nobody: Invalid username or password\."):
        keycloak.tokens("mcp:weather", user=("nobody", "not the password"))


@pytest.mark.covers("O15")
def test_many_wrong_passwords_lock_the_user_out_for_a_while(keycloak: RunningKeycloak) -> None:
    """Two failures within a second are a machine's, and the right password does not help for a minute."""
    user = new_user(keycloak, "guessed")
    for _ in range(3):
        with pytest.raises(SignInFailed):
            keycloak.tokens("mcp:weather", user=("guessed", "wrong password"))
    with pytest.raises(SignInFailed):
        keycloak.tokens("mcp:weather", user=user)
    status = keycloak.admin().get_bruteforce_detection_status(user_id(keycloak, "guessed"))
    assert status["disabled"] is True


def test_user_who_must_first_do_something_is_told_to_use_the_browser(keycloak: RunningKeycloak) -> None:
    user = new_user(keycloak, "newcomer", requiredActions=["UPDATE_PASSWORD"])
    with pytest.raises(SignInFailed, match=r"one more step first \(Update password\)"):
        keycloak.tokens("mcp:weather", user=user)


@pytest.mark.covers("S5")
def test_token_of_a_disabled_user_is_inactive(keycloak: RunningKeycloak) -> None:
    tokens = keycloak.tokens("mcp:weather", user=new_user(keycloak, "leaver"))
    keycloak.admin().update_user(user_id(keycloak, "leaver"), {"enabled": False})
    assert keycloak.introspect(tokens.access_token) == {"active": False}


def new_user(keycloak: RunningKeycloak, name: str, **members: object) -> tuple[str, str]:
    """A user of the realm with a password."""
    password = f"password of {name}"
    keycloak.admin().create_user(
        {
            "username": name,
            "email": f"{name}@example.com",
            "firstName": "First",
            "lastName": "Last",
            "enabled": True,
            "credentials": [{"type": "password", "value": password, "temporary": False}],
            **members,
        }
    )
    return name, password


def user_id(keycloak: RunningKeycloak, name: str) -> str:
    """Keycloak's own id of a user."""
    found = keycloak.admin().get_user_id(name)
    assert found is not None
    return found
