"""python-keycloak against a server that misbehaves: nothing is allowed, nothing is remembered, and it heals."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
from ext_authz.breaker import GuardedAuthorizationServer
from ext_authz.claims import Claims
from ext_authz.ended_sessions import EndedSessions
from ext_authz.introspection import AuthorizationServerUnavailable, CacheSettings, Introspection
from ext_authz.keycloak import KeycloakIntrospection
from ext_authz.keycloak_transport import MAX_ANSWER_BYTES, MAX_CONNECTIONS
from ext_authz.verdict import Reason

from tests.support.authz import ISSUER, NOW, TOKEN, FakeObserver, answer, directly
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
from tests.support.fake_keycloak import FakeKeycloak, active, running_keycloak

DEADLINE_SECONDS = 0.4
ADDRESS = "192.0.2.1"


@pytest.fixture
async def keycloak() -> AsyncIterator[FakeKeycloak]:
    async with running_keycloak() as fake:
        yield fake


@pytest.fixture
async def introspection(keycloak: FakeKeycloak) -> AsyncIterator[Introspection]:
    client = KeycloakIntrospection(keycloak.url, "mcp-gateway", "api-gateway", "the-secret")
    guarded = GuardedAuthorizationServer(client, DEADLINE_SECONDS)
    settings = CacheSettings(ttl_seconds=5, size=1000)
    made = Introspection(guarded, ISSUER, settings, FakeObserver(), EndedSessions(), now=lambda: NOW, soon=directly)
    async with aclosing(client), aclosing(made):
        yield made


@pytest.mark.covers("A2", "K2")
async def test_a_token_is_asked_about_in_one_post_as_the_confidential_client(
    keycloak: FakeKeycloak, introspection: Introspection
) -> None:
    assert isinstance(await introspection.introspect(TOKEN, ADDRESS), Claims)
    assert keycloak.forms == [{"client_id": "api-gateway", "client_secret": "the-secret", "token": TOKEN}]
    assert keycloak.others == [], "no discovery, no keys, nothing but the question"


FAULTS: Faults = {
    "500": (raw(500, b'{"error":"unknown_error"}', "application/json"), "http_500"),
    "502 html": (raw(502, b"<html>bad gateway</html>"), "http_502"),
    "503": (raw(503, b""), "http_503"),
    "429": (raw(429, b"slow down", **{"Retry-After": "60"}), "http_429"),
    "404, realm not imported yet": (raw(404, b'{"error":"Realm does not exist"}', "application/json"), "http_404"),
    "400, not about this token": (raw(400, b'{"error":"invalid_request"}', "application/json"), "http_400"),
    "401, our secret is wrong": (raw(401, b'{"error":"invalid_client"}', "application/json"), "http_401"),
    "403": (raw(403, b'{"error":"access_denied","message":"no"}', "application/json"), "http_403"),
    "401 whose JSON is a list": (raw(401, b"[]", "application/json"), "not_json"),
    "redirect": (raw(302, b"", Location="http://127.0.0.1:1/elsewhere"), "http_302"),
    "redirect that keeps the method": (raw(307, b"", Location=f"http://127.0.0.1:1/{'x' * 9}"), "http_307"),
    "html with status 200": (raw(200, b"<html>sign in</html>"), "not_json"),
    "truncated json": (raw(200, b'{"active": true, "scope": "mcp:wea', "application/json"), "not_json"),
    "empty body": (raw(200, b"", "application/json"), "not_json"),
    "a list": (json_answer([answer()]), "not_json"),
    "a text": (json_answer("active"), "not_json"),
    "true": (json_answer(True), "not_json"),
    "null": (json_answer(None), "not_json"),
    "not utf-8": (raw(200, b'{"active": true, "sub": "\xff\xfe"}', "application/json"), "not_json"),
    "deep nesting": (raw(200, b"[" * 100_000, "application/json"), "not_json"),
    "204": (raw(204, b""), "unreadable"),
    "an empty object": (json_answer({}), "unreadable"),
    "active as text": (active(active="true"), "unreadable"),
    "active as number": (active(active=1), "unreadable"),
    "scope as list": (active(scope=["mcp:weather"]), "unreadable"),
    "audience as object": (active(aud={"x": 1}), "unreadable"),
    "expiry as text": (active(exp="never"), "unreadable"),
    "expiry NaN": (active(exp=float("nan")), "unreadable"),
    "subject as number": (active(sub=1), "unreadable"),
    "huge": (huge(answer(), MAX_ANSWER_BYTES, chunked=False), "answer_too_large"),
    "huge and chunked": (huge(answer(), MAX_ANSWER_BYTES, chunked=True), "answer_too_large"),
    "dripping": (dripping(), "timeout"),
    "silent": (silent(), "timeout"),
    "dropping every connection": (dropping(1000, active()), "connection_dropped"),
    "cutting every answer": (cut_in_the_middle(), "connection_dropped"),
}


@pytest.mark.covers("F7", "F8", "F9", "F10")
@each(FAULTS)
async def test_a_misbehaving_server_counts_as_unavailable_and_heals_by_itself(
    keycloak: FakeKeycloak, introspection: Introspection, behaviour: Behaviour, cause: str
) -> None:
    keycloak.behaviour = behaviour
    with pytest.raises(AuthorizationServerUnavailable) as caught:
        await introspection.introspect(TOKEN, ADDRESS)
    assert caught.value.cause == cause
    keycloak.behaviour = active()
    assert isinstance(await introspection.introspect(TOKEN, ADDRESS), Claims)


@pytest.mark.covers("S19")
@each(FAULTS)
async def test_no_error_quotes_the_answer_the_token_or_the_secret(
    keycloak: FakeKeycloak, introspection: Introspection, behaviour: Behaviour, cause: str
) -> None:
    keycloak.behaviour = behaviour
    with pytest.raises(AuthorizationServerUnavailable) as caught:
        await introspection.introspect("quoted-token", ADDRESS)
    assert caught.value.args == (cause,)


@pytest.mark.covers("F6")
async def test_a_server_that_is_not_there_is_unavailable() -> None:
    async with running_keycloak() as gone:
        url = gone.url
    client = KeycloakIntrospection(url, "mcp-gateway", "api-gateway", "the-secret")
    async with aclosing(client):
        with pytest.raises(AuthorizationServerUnavailable) as caught:
            await client.introspect(TOKEN)
    assert caught.value.cause == "unreachable"


@pytest.mark.covers("F17")
async def test_a_name_that_does_not_resolve_is_unavailable() -> None:
    client = KeycloakIntrospection("http://keycloak.invalid:8080", "mcp-gateway", "api-gateway", "the-secret")
    async with aclosing(client):
        with pytest.raises(AuthorizationServerUnavailable):
            await client.introspect(TOKEN)


@pytest.mark.covers("F11")
async def test_one_dropped_connection_is_tried_again_once(keycloak: FakeKeycloak, introspection: Introspection) -> None:
    keycloak.behaviour = dropping(1, active())
    assert isinstance(await introspection.introspect(TOKEN, ADDRESS), Claims)
    assert len(keycloak.forms) == 2


@pytest.mark.covers("F8")
async def test_nothing_but_a_dropped_connection_is_tried_again(
    keycloak: FakeKeycloak, introspection: Introspection
) -> None:
    keycloak.behaviour = raw(500, b"")
    with pytest.raises(AuthorizationServerUnavailable):
        await introspection.introspect(TOKEN, ADDRESS)
    assert len(keycloak.forms) == 1


@pytest.mark.covers("F9")
async def test_the_secret_does_not_follow_a_redirect(keycloak: FakeKeycloak, introspection: Introspection) -> None:
    async with running_keycloak() as elsewhere:
        keycloak.behaviour = raw(307, b"", Location=elsewhere.url + "/realms/mcp-gateway")
        with pytest.raises(AuthorizationServerUnavailable):
            await introspection.introspect(TOKEN, ADDRESS)
        assert elsewhere.forms == []
        assert elsewhere.others == []


async def test_a_proxy_in_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch, keycloak: FakeKeycloak) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    client = KeycloakIntrospection(keycloak.url, "mcp-gateway", "api-gateway", "the-secret")
    async with aclosing(client):
        assert (await client.introspect(TOKEN))["active"] is True


@pytest.mark.covers("S4", "S5")
async def test_an_inactive_token_is_not_an_outage(keycloak: FakeKeycloak, introspection: Introspection) -> None:
    keycloak.behaviour = json_answer({"active": False})
    assert await introspection.introspect(TOKEN, ADDRESS) is Reason.TOKEN_INACTIVE


@pytest.mark.covers("F20")
async def test_500_cold_tokens_at_once_are_all_answered_over_few_connections(keycloak: FakeKeycloak) -> None:
    client = KeycloakIntrospection(keycloak.url, "mcp-gateway", "api-gateway", "the-secret")
    settings = CacheSettings(ttl_seconds=5, size=1000)
    introspection = Introspection(
        client, ISSUER, settings, FakeObserver(), EndedSessions(), now=lambda: NOW, soon=directly
    )
    connections: set[object] = set()
    plain = active()

    async def counting(request: object) -> object:
        connections.add(request.transport)  # type: ignore[attr-defined]
        return await plain(request)  # type: ignore[arg-type]

    keycloak.behaviour = counting  # type: ignore[assignment]
    async with aclosing(client), aclosing(introspection):
        answers = await asyncio.gather(*(introspection.introspect(f"token-{number}", ADDRESS) for number in range(500)))
    assert all(isinstance(answer, Claims) for answer in answers)
    assert len(keycloak.forms) == 500
    assert len(connections) <= MAX_CONNECTIONS


def test_the_faults_are_told_apart_by_words_that_are_fit_for_a_log() -> None:
    assert all(json.dumps(cause) == f'"{cause}"' and " " not in cause for _, cause in FAULTS.values())
