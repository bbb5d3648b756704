"""CIBA and UMA, which no policy of the realm can refuse: Keycloak's condition ``grant-type`` abstains at them.

They end before a token all the same. Nothing is configured that could ask a person for CIBA. UMA without a person's
token goes through client_credentials, which is refused to whoever has no secret; and no client of the realm hands out
permissions.
"""

import httpx
import pytest

from tests.support.keycloak import GATEWAY_CLIENT, RunningKeycloak

CIBA = "urn:openid:params:grant-type:ciba"
UMA = "urn:ietf:params:oauth:grant-type:uma-ticket"
MACHINE = ("mcp-machine", "mcp-machine-secret-change-me")
WITH_A_SECRET = {MACHINE[0]: MACHINE, GATEWAY_CLIENT[0]: GATEWAY_CLIENT}


def client_id(keycloak: RunningKeycloak, who: str) -> str:
    return str(keycloak.register().json()["client_id"]) if who == "registered" else who


def ask(keycloak: RunningKeycloak, client: str, where: str = "token", **form: str) -> httpx.Response:
    auth = WITH_A_SECRET.get(client)
    return httpx.post(keycloak.endpoint(where), data={"client_id": client, **form}, auth=auth)


@pytest.mark.covers("O15", "S4")
@pytest.mark.parametrize("who", ["mcp-client", "registered", *WITH_A_SECRET])
def test_no_client_gets_a_token_by_ciba_or_uma(keycloak: RunningKeycloak, who: str) -> None:
    client = client_id(keycloak, who)
    answers = {
        "ciba": ask(keycloak, client, grant_type=CIBA, auth_req_id="x", scope="mcp:weather"),
        "ciba begun": ask(keycloak, client, "ext/ciba/auth", scope="openid mcp:weather", login_hint="testuser"),
        "uma, a ticket": ask(keycloak, client, grant_type=UMA, ticket="x", scope="mcp:weather"),
        "uma, for itself": ask(keycloak, client, grant_type=UMA, audience=client),
        "uma, for the gateway": ask(keycloak, client, grant_type=UMA, audience="api-gateway"),
    }
    for name, answer in answers.items():
        assert answer.status_code in {400, 401, 403}, (name, answer.text)
        assert "access_token" not in answer.text, name
        assert "auth_req_id" not in answer.text, name


@pytest.mark.covers("O13", "O15", "S4")
@pytest.mark.parametrize("audience", ["mcp-client", "registered", "api-gateway", "mcp-machine", "realm-management"])
def test_nor_does_a_persons_token_become_another_by_uma(keycloak: RunningKeycloak, audience: str) -> None:
    bearer = {"Authorization": f"Bearer {keycloak.tokens('openid', 'mcp:weather').access_token}"}
    form = {"grant_type": UMA, "audience": client_id(keycloak, audience)}
    answer = httpx.post(keycloak.endpoint("token"), data=form, headers=bearer)
    assert answer.status_code == 400, answer.text
    assert "access_token" not in answer.text


@pytest.mark.covers("O13", "S4")
def test_a_client_that_registered_itself_for_ciba_at_keycloak_asks_nobody(keycloak: RunningKeycloak) -> None:
    """The gateway lets no such registration pass; whoever reaches Keycloak itself can make it."""
    client = str(keycloak.register(grant_types=["authorization_code", CIBA]).json()["client_id"])
    begun = ask(keycloak, client, "ext/ciba/auth", scope="openid mcp:weather", login_hint="testuser")
    assert begun.is_error
    assert "auth_req_id" not in begun.text
    token = ask(keycloak, client, grant_type=CIBA, auth_req_id="x")
    assert token.status_code == 400
    assert "access_token" not in token.text
