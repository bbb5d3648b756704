"""The registration endpoint over real HTTP: what it takes, what it passes on, what it answers."""

import gzip
import json
from typing import Any

import pytest
from ext_authz.metrics import Metrics
from ext_authz.registration_http import MAX_BODY_BYTES

from tests.support.behaviours import raw
from tests.support.registration import ASKED, LOGOUT_URL, ORIGIN, PATH, Door, FakeRegistry


@pytest.mark.covers("O13")
async def test_a_client_is_registered_and_not_told_of_the_management_endpoint(
    door: Door, registry: FakeRegistry
) -> None:
    answer = await door.post(X_Request_Id="request-1")
    assert answer.status == 201
    assert answer.members == {
        "client_id": "client-1",
        "client_id_issued_at": 1795456326,
        "redirect_uris": ASKED["redirect_uris"],
    }
    assert registry.requests == [("POST", PATH)]
    assert door.observer.registrations == [("request-1", "registered", 201)]


@pytest.mark.covers("O13")
async def test_only_what_was_accepted_reaches_keycloak(door: Door, registry: FakeRegistry) -> None:
    evil = {"backchannel_logout_uri": "http://169.254.169.254/", "jwks_uri": "http://x/", "scope": "mcp:weather"}
    assert (await door.post(json.dumps(ASKED | evil).encode())).status == 201
    assert registry.bodies == [
        {
            "redirect_uris": [*ASKED["redirect_uris"], "http://localhost/oauth/callback"],
            "grant_types": ["authorization_code"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
            "backchannel_logout_uri": LOGOUT_URL,
            "backchannel_logout_session_required": True,
        }
    ]


@pytest.mark.covers("O13", "R6", "S7")
async def test_no_header_of_the_client_reaches_keycloak(door: Door, registry: FakeRegistry) -> None:
    identity = {"Origin": ORIGIN, "Authorization": "Bearer mine", "Cookie": "mine=1", "User_Agent": "mine"}
    address = {"Forwarded": "host=mine", "X_Forwarded_For": "mine", "X_Forwarded_Host": "mine"}
    assert (await door.post(None, **identity, **address)).status == 201
    [headers] = registry.headers
    assert headers.pop("user-agent", "") != "mine"
    assert set(headers) == {"host", "content-type", "content-length", "accept", "accept-encoding", "connection"}
    assert headers["host"] == registry.url.removeprefix("http://")
    assert "mine" not in headers.values()


@pytest.mark.covers("O13", "R7")
async def test_pages_of_allowed_origins_and_programs_may_register_and_others_not(
    door: Door, registry: FakeRegistry
) -> None:
    assert (await door.post(Origin=ORIGIN)).status == 201
    for origin in ("https://evil.example", "null", "", f"{ORIGIN}, https://evil.example", ORIGIN.upper()):
        answer = await door.post(Origin=origin)
        assert (answer.status, answer.members["error"]) == (403, "access_denied")
    assert len(registry.requests) == 1
    assert door.observer.registrations[-1] == ("", "foreign_origin", 403)


@pytest.mark.covers("O13")
@pytest.mark.parametrize(
    ("body", "error", "named"),
    [
        ({"redirect_uris": ["evil://localhost/cb"]}, "invalid_redirect_uri", "redirect_uris[0]"),
        (ASKED | {"client_name": "x" * 300}, "invalid_client_metadata", "client_name"),
        ([ASKED], "invalid_client_metadata", "object"),
    ],
)
async def test_a_refusal_has_the_form_of_the_rfc_and_keycloak_is_not_asked(
    door: Door, registry: FakeRegistry, body: Any, error: str, named: str
) -> None:
    answer = await door.post(json.dumps(body).encode())
    assert answer.status == 400
    assert set(answer.members) == {"error", "error_description"}
    assert answer.members["error"] == error
    assert named in answer.members["error_description"]
    assert registry.requests == []
    assert door.observer.registrations == [("", error, 400)]


@pytest.mark.covers("R4", "S9")
async def test_a_body_is_read_up_to_the_limit_and_no_further(door: Door, registry: FakeRegistry) -> None:
    good = json.dumps(ASKED).encode()
    assert (await door.post(good.ljust(MAX_BODY_BYTES))).status == 201
    assert (await door.post(good.ljust(MAX_BODY_BYTES + 1))).status == 413
    assert len(registry.requests) == 1
    assert door.observer.registrations[-1] == ("", "too_large", 413)


@pytest.mark.covers("R4", "S9", "S12")
@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (None, {"Content_Type": "text/plain"}),
        (None, {"Content_Type": "application/x-www-form-urlencoded"}),
        (None, {"Content_Type": "application/json; charset=utf-16"}),
        (gzip.compress(json.dumps(ASKED).encode()), {"Content_Encoding": "gzip"}),
        (gzip.compress(b" " * 10_000_000), {"Content_Encoding": "gzip"}),
    ],
    ids=["text", "form", "charset", "gzip", "bomb"],
)
async def test_a_body_that_is_not_plain_json_is_415(
    door: Door, registry: FakeRegistry, body: bytes | None, headers: dict[str, str]
) -> None:
    answer = await door.post(body, **headers)
    assert (answer.status, answer.members["error"]) == (415, "invalid_client_metadata")
    assert registry.requests == []


@pytest.mark.covers("O13", "G8")
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", PATH, 405),
        ("PUT", PATH, 405),
        ("DELETE", PATH, 405),
        ("PUT", PATH + "/client-1", 404),
        ("DELETE", PATH + "/client-1", 404),
        ("POST", PATH + "/", 404),
        ("POST", PATH.replace("openid", "x"), 404),
    ],
)
async def test_there_is_no_other_way_in(
    door: Door, registry: FakeRegistry, method: str, path: str, status: int
) -> None:
    async with door.session.request(method, door.url + path, json=ASKED) as response:
        assert response.status == status
    assert registry.requests == []


@pytest.mark.covers("O13")
@pytest.mark.parametrize("status", [400, 403])
async def test_a_refusal_by_keycloak_is_passed_on(door: Door, registry: FakeRegistry, status: int) -> None:
    members = {"error": "insufficient_scope", "error_description": "Policy 'Max Clients Limit' rejected request"}
    registry.behaviour = raw(status, json.dumps(members).encode(), "application/json")
    answer = await door.post()
    assert (answer.status, answer.members) == (status, members)
    assert door.observer.registrations == [("", "refused_by_keycloak", status)]


@pytest.mark.covers("O13")
async def test_numbers_with_a_fraction_survive(door: Door, registry: FakeRegistry) -> None:
    registry.behaviour = raw(201, b'{"client_id":"a","x":1.5}', "application/json")
    assert (await door.post()).members == {"client_id": "a", "x": 1.5, "redirect_uris": ASKED["redirect_uris"]}


@pytest.mark.covers("O13")
def test_registrations_are_counted_by_outcome() -> None:
    metrics = Metrics()
    metrics.registration("registered")
    metrics.registration("invalid_redirect_uri")
    text = metrics.exposition().decode()
    assert 'ext_authz_registrations_total{outcome="registered"} 1.0' in text
    assert 'ext_authz_registrations_total{outcome="invalid_redirect_uri"} 1.0' in text
