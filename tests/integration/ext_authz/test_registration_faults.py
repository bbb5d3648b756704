"""The registration endpoint before a Keycloak that misbehaves: 503, asked once, and it heals."""

import json

import pytest
from ext_authz.keycloak_transport import MAX_ANSWER_BYTES

from tests.support.behaviours import (
    Behaviour,
    Faults,
    cut_in_the_middle,
    dripping,
    dropping,
    each,
    huge,
    json_answer,
    raw,
    silent,
)
from tests.support.registration import PATH, REGISTERED, Door, FakeRegistry, door_to

FAULTS: Faults = {
    "500": (raw(500, b'{"error":"unknown_error"}', "application/json"), "http_500"),
    "429": (raw(429, b"{}", "application/json"), "http_429"),
    "401": (raw(401, b"{}", "application/json"), "http_401"),
    "200": (json_answer(REGISTERED), "http_200"),
    "redirect": (raw(307, b"", Location="/elsewhere"), "http_307"),
    "html": (raw(201, b"<html>welcome</html>"), "not_json"),
    "truncated": (raw(201, b'{"client_id":"a"', "application/json"), "not_json"),
    "list": (raw(201, b"[]", "application/json"), "not_json"),
    "empty": (raw(400, b""), "not_json"),
    "cut": (cut_in_the_middle(), "unreachable"),
    "dropped": (dropping(1, raw(201, json.dumps(REGISTERED).encode(), "application/json")), "unreachable"),
    "huge": (huge(REGISTERED, MAX_ANSWER_BYTES, chunked=True), "unreachable"),
    "dripping": (dripping(), "timeout"),
    "silent": (silent(), "timeout"),
}


@pytest.mark.covers("O13", "F7", "F8", "F9")
@each(FAULTS)
async def test_a_keycloak_that_misbehaves_is_503_once_asked_and_heals(
    door: Door, registry: FakeRegistry, behaviour: Behaviour, cause: str
) -> None:
    good, registry.behaviour = registry.behaviour, behaviour
    answer = await door.post(X_Request_Id="request-1")
    assert (answer.status, answer.members["error"]) == (503, "temporarily_unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert registry.requests == [("POST", PATH)], "a second time might register a second client"
    assert door.observer.causes == [("request-1", cause)]
    assert door.observer.registrations == [("request-1", "unavailable", 503)]
    registry.behaviour = good
    assert (await door.post()).status == 201


@pytest.mark.covers("O13", "F6")
async def test_a_keycloak_that_is_not_there_is_503() -> None:
    async with door_to("http://127.0.0.1:1") as door:
        assert (await door.post()).status == 503
        assert door.observer.causes == [("", "unreachable")]
