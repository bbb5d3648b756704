"""Whoever finds the registration endpoint gets a client that works, and nothing else (RFC 7591, through the door)."""

from typing import Any

import httpx
import pytest
from gateway.client.authorization import authorize

from tests.support.keycloak import TESTUSER, ExactLoginForm
from tests.support.mcp import WEATHER, bearer, tool_call
from tests.support.stack import Stack

PATH = "/realms/mcp-gateway/clients-registrations/openid-connect"
INSPECTOR = "http://localhost:6274"
ASKED: dict[str, Any] = {
    "client_name": "A client of the tests",
    "redirect_uris": [ExactLoginForm.redirect_uri],
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "token_endpoint_auth_method": "none",
}
EVIL: dict[str, Any] = {
    "backchannel_logout_uri": "http://169.254.169.254/latest",
    "sector_identifier_uri": "https://evil.example/sector",
    "jwks_uri": "https://evil.example/jwks",
    "request_uris": ["https://evil.example/request"],
    "post_logout_redirect_uris": ["https://evil.example/after"],
    "logo_uri": "https://evil.example/logo",
    "tos_uri": "https://evil.example/tos",
    "policy_uri": "https://evil.example/policy",
    "client_uri": "https://evil.example/",
    "scope": "mcp:weather",
    "unknown": "https://evil.example/",
}


def register(stack: Stack, *, headers: dict[str, str] | None = None, **changes: Any) -> httpx.Response:
    with stack.client() as client:
        return client.post(PATH, json=ASKED | changes, headers=headers)


def access_token(stack: Stack, client_id: str, *scopes: str) -> str:
    """By the login form and the consent page, in a browser of its own."""
    with stack.client() as http:
        form = ExactLoginForm(http, *TESTUSER, origin=stack.url, accept_consent=True)
        return authorize(http, f"{stack.url}/realms/mcp-gateway", client_id, scopes, form).access_token


@pytest.mark.covers("O13")
def test_a_registered_client_signs_in_with_consent_calls_a_tool_and_steps_up(stack: Stack) -> None:
    """It had asked for a scope and for links of its own, as clients do; a bound scope would forbid the step-up."""
    answer = register(stack, scope="mcp:weather", client_uri="https://client.example", application_type="native")
    assert answer.status_code == 201, answer.text
    client_id = answer.json()["client_id"]
    forecast, alerts = (tool_call(f"get_weather_{kind}", location="Berlin") for kind in ("forecast", "alerts"))
    token = access_token(stack, client_id, "openid", "mcp:weather")
    with stack.client() as client:
        assert client.post(WEATHER, json=forecast, headers=bearer(token)).status_code == 200
        assert client.post(WEATHER, json=alerts, headers=bearer(token)).status_code == 403
    stepped_up = access_token(stack, client_id, "openid", "mcp:weather", "mcp:weather:alerts")
    with stack.client() as client:
        assert client.post(WEATHER, json=alerts, headers=bearer(stepped_up)).status_code == 200


@pytest.mark.covers("O13")
def test_what_keycloak_would_fetch_post_to_show_or_redirect_to_is_not_stored(stack: Stack) -> None:
    answer = register(stack, **EVIL)
    assert answer.status_code == 201, answer.text
    assert "evil.example" not in answer.text
    assert "169.254.169.254" not in answer.text
    assert set(answer.json()["post_logout_redirect_uris"]) == {*ASKED["redirect_uris"], "http://127.0.0.1/callback"}


@pytest.mark.covers("O13")
def test_the_answer_does_not_lead_to_the_management_of_the_registration(stack: Stack) -> None:
    answer = register(stack)
    assert not {"registration_access_token", "registration_client_uri"} & set(answer.json())
    assert "location" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.covers("O13", "O14")
@pytest.mark.parametrize(
    "uri",
    [
        "*",
        "evil://localhost/cb",
        "file:///etc/passwd",
        "data:text/html,x",
        "http://localhost/*",
        "http://127.1/",
        "http://user@localhost/cb",
        "http://localhost/cb#x",
        "https://evil.example/callback",
        "https://vscode.dev/redirect?url=https://evil.example",
    ],
)
def test_a_callback_that_is_not_known_is_refused(stack: Stack, uri: str) -> None:
    answer = register(stack, redirect_uris=[*ASKED["redirect_uris"], uri])
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_redirect_uri")
    assert "redirect_uris[1]" in answer.json()["error_description"]


@pytest.mark.covers("O13", "O14")
def test_as_many_and_as_long_callbacks_as_may_be_asked_for_are_stored(stack: Stack) -> None:
    longest = [f"http://localhost:5555/{n}".ljust(255, "a") for n in range(10)]
    answer = register(stack, redirect_uris=longest)
    assert answer.status_code == 201
    assert answer.json()["redirect_uris"] == longest


@pytest.mark.covers("O13")
@pytest.mark.parametrize(
    "changes",
    [
        {"client_name": "x" * 300},
        {"client_name": "a\u202eb"},
        {"grant_types": ["client_credentials"]},
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"redirect_uris": []},
    ],
)
def test_what_cannot_be_accepted_is_400_and_never_500(stack: Stack, changes: dict[str, Any]) -> None:
    answer = register(stack, **changes)
    assert answer.status_code == 400
    assert answer.json()["error"] in {"invalid_client_metadata", "invalid_redirect_uri"}


@pytest.mark.covers("O13", "R7")
def test_pages_of_the_inspector_may_register_and_others_not(stack: Stack) -> None:
    allowed = register(stack, headers={"Origin": INSPECTOR})
    assert allowed.status_code == 201
    assert allowed.headers["access-control-allow-origin"] == INSPECTOR
    refused = register(stack, headers={"Origin": "https://evil.example"})
    assert refused.status_code == 403
    assert "access-control-allow-origin" not in refused.headers


@pytest.mark.covers("O13", "R7")
def test_a_preflight_is_answered_without_registering(stack: Stack) -> None:
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    with stack.client() as client:
        answer = client.options(PATH, headers={"Origin": INSPECTOR, **asks})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == INSPECTOR
    assert "POST" in answer.headers["access-control-allow-methods"]


@pytest.mark.covers("O13", "G8")
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST", "PATCH"])
def test_nothing_is_found_below_the_path_nor_by_other_methods(stack: Stack, method: str) -> None:
    client_id = register(stack).json()["client_id"]
    with stack.client() as client:
        paths = [f"{PATH}/{client_id}", f"{PATH}/", "/realms/mcp-gateway/clients-registrations/default"]
        if method != "POST":
            paths.append(PATH)
        assert [client.request(method, path).status_code for path in paths] == [404] * len(paths)
