"""What the official Python SDK does when its token expires, or its user's session ends."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio
import pytest
from mcp import Client, ClientSession

from tests.clients.python_sdk import Signing
from tests.clients.realm import changed_realm, end_sessions
from tests.support.mcp import CALCULATOR, bearer, method_call
from tests.support.sign_in_headless import TESTUSER
from tests.support.stack import Stack

ADD = ("add", {"a": 1, "b": 2})
REVOKED_WITHIN_S = 15  # the cached verdict lives 5 s, and Keycloak's machine may be busy
PUBLIC = {"token_endpoint_auth_method": "none"}  # a client without a secret, as desktop programs are
OAUTH = "/realms/mcp-gateway/protocol/openid-connect"


async def until(true: Callable[[], bool]) -> None:
    with anyio.fail_after(REVOKED_WITHIN_S):
        while not true():  # noqa: ASYNC110 - nobody sets an event when Keycloak has forgotten something
            await anyio.sleep(0.1)  # between two looks at something that has a deadline


@asynccontextmanager
async def signed_in(signing: Signing) -> AsyncIterator[Client | ClientSession]:
    async with signing.client() as client:
        assert not (await client.call_tool(*ADD)).is_error
        assert len(signing.person.asked) == 1
        yield client


def refused(signing: Signing) -> bool:
    """Whether the gateway refuses the client's token by now."""
    assert signing.storage.tokens is not None
    with signing.stack.client() as http:
        headers = bearer(signing.storage.tokens.access_token)
        return http.post(CALCULATOR, json=method_call("ping"), headers=headers).status_code == 401


def post(signing: Signing, endpoint: str, **form: str) -> int:
    """A form to the realm's public endpoint, as the client that has these tokens."""
    assert signing.storage.client is not None
    whose = {"client_id": signing.storage.client.client_id}
    with signing.stack.client() as http:
        return http.post(f"{OAUTH}/{endpoint}", data=form | whose).status_code


def refresh_token(signing: Signing) -> str:
    assert signing.storage.tokens is not None
    assert signing.storage.tokens.refresh_token
    return signing.storage.tokens.refresh_token


@pytest.mark.covers("O15", "R9")
async def test_expired_token_is_refreshed_without_the_user(stack: Stack) -> None:
    signing = Signing(stack, CALCULATOR, PUBLIC)
    with changed_realm(stack, accessTokenLifespan=2):
        async with signed_in(signing) as client:
            first = signing.storage.tokens
            await until(lambda: not signing.provider.context.is_token_valid())
            assert not (await client.call_tool(*ADD)).is_error
    assert [form["grant_type"] for form in signing.seen.forms()] == ["authorization_code", "refresh_token"]
    assert len(signing.person.asked) == 1
    assert signing.storage.tokens is not None
    assert first is not None
    assert signing.storage.tokens.refresh_token != first.refresh_token


@pytest.mark.covers("S5", "R9")
async def test_after_an_administrator_ended_the_session_the_user_signs_in_again(stack: Stack) -> None:
    signing = Signing(stack, CALCULATOR, PUBLIC)
    async with signed_in(signing) as client:
        end_sessions(stack, TESTUSER[0])
        await until(lambda: refused(signing))
        assert not (await client.call_tool(*ADD)).is_error
    assert [form["grant_type"] for form in signing.seen.forms()] == ["authorization_code"] * 2
    assert len(signing.person.asked) == 2


@pytest.mark.covers("S5", "R9")
async def test_refresh_that_is_refused_leads_to_the_login_page_and_not_to_an_error(stack: Stack) -> None:
    signing = Signing(stack, CALCULATOR, PUBLIC)
    with changed_realm(stack, accessTokenLifespan=2):
        async with signed_in(signing) as client:
            end_sessions(stack, TESTUSER[0])
            await until(lambda: not signing.provider.context.is_token_valid())
            assert not (await client.call_tool(*ADD)).is_error
    grants = [form["grant_type"] for form in signing.seen.forms()]
    assert grants == ["authorization_code", "refresh_token", "authorization_code"]


@pytest.mark.covers("S5")
@pytest.mark.parametrize("endpoint", ["logout", "revoke"])
async def test_refresh_token_that_the_client_gives_back_takes_the_access_token_with_it(
    stack: Stack, endpoint: str
) -> None:
    signing = Signing(stack, CALCULATOR, PUBLIC)
    async with signed_in(signing):
        form = {"logout": "refresh_token", "revoke": "token"}[endpoint]
        assert post(signing, endpoint, **{form: refresh_token(signing)}) in {200, 204}
        await until(lambda: refused(signing))
        again = {"grant_type": "refresh_token", "refresh_token": refresh_token(signing)}
        assert post(signing, "token", **again) == 400


@pytest.mark.covers("S5")
async def test_access_token_that_the_client_gives_back_is_refused_and_the_refresh_token_still_good(
    stack: Stack,
) -> None:
    signing = Signing(stack, CALCULATOR, PUBLIC)
    async with signed_in(signing):
        assert signing.storage.tokens is not None
        assert post(signing, "revoke", token=signing.storage.tokens.access_token) == 200
        await until(lambda: refused(signing))
        again = {"grant_type": "refresh_token", "refresh_token": refresh_token(signing)}
        assert post(signing, "token", **again) == 200
