"""Where clients look for metadata, and what they find there: the documents, or a plain 404 (R1).

That it stays so while Keycloak is away is shown where Keycloak is killed, in test_heals.py.
"""

import pytest

from tests.support.discovery import AUTHORIZATION_SERVER, NOT_THERE, PROTECTED, RESOURCES, statuses_of_discovery
from tests.support.stack import Stack

ANYWHERE = {"Origin": "https://any.example", "MCP-Protocol-Version": "2025-06-18"}


def test_every_resource_of_the_policy_is_asked_for() -> None:
    assert {"weather", "calculator"} <= set(RESOURCES)


@pytest.mark.covers("R1", "R9")
@pytest.mark.parametrize("name", sorted(RESOURCES))
@pytest.mark.parametrize("typed", ["", "/", "?from=client", "/?from=client"])
def test_the_metadata_of_each_resource_is_found_from_what_a_user_types(stack: Stack, name: str, typed: str) -> None:
    """A client that has not seen the challenge yet builds the address from the URL it was given."""
    path = RESOURCES[name].path
    with stack.client() as client:
        answer = client.get(f"{PROTECTED}{path}{typed}", headers=ANYWHERE)
        challenge = client.post(f"{path}{typed}").headers["www-authenticate"]
    assert answer.status_code == 200
    assert answer.json()["resource"] == f"{stack.url}{path}"
    assert f'resource_metadata="{stack.url}{PROTECTED}{path}"' in challenge
    assert answer.headers["access-control-allow-origin"] == ANYWHERE["Origin"]


@pytest.mark.covers("R1", "R9", "O12")
@pytest.mark.parametrize("path", AUTHORIZATION_SERVER)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_authorization_servers_metadata_is_at_each_place_where_clients_look(
    stack: Stack, method: str, path: str
) -> None:
    with stack.client() as client:
        answer = client.request(method, path, headers=ANYWHERE)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] in {"*", ANYWHERE["Origin"]}
    if method == "GET":
        assert answer.json()["issuer"] == f"{stack.url}/realms/mcp-gateway"


@pytest.mark.covers("R1", "R9", "G8")
@pytest.mark.parametrize("path", NOT_THERE)
def test_a_place_where_nothing_is_answers_404_to_whatever_a_client_sends(stack: Stack, path: str) -> None:
    """401 would read as "sign in for it", a redirect as "it is elsewhere", 5xx as "ask again"."""
    with stack.client() as client:
        answers = [
            client.get(path),
            client.get(path, headers={"Authorization": "Bearer nonsense"}),
            client.head(path, headers=ANYWHERE),
        ]
    assert [answer.status_code for answer in answers] == [404] * 3
    assert not any("www-authenticate" in answer.headers for answer in answers)


@pytest.mark.covers("R1", "R7")
@pytest.mark.parametrize("path", [path for path in NOT_THERE if ".well-known" in path])
def test_a_page_may_read_that_there_is_no_such_document(stack: Stack, path: str) -> None:
    """Without CORS headers a page sees a network error where it should see "not here, look elsewhere"."""
    with stack.client() as client:
        assert client.get(path, headers=ANYWHERE).headers.get("access-control-allow-origin")


@pytest.mark.covers("R1")
def test_while_keycloak_is_there_each_kind_of_place_answers_alike(stack: Stack) -> None:
    with stack.client() as client:
        assert statuses_of_discovery(client) == {"resource": {200}, "authorization server": {200}, "not there": {404}}
