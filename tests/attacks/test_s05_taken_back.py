"""S5: each way of taking a token back, on a token that is in use, with how long it still worked."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.attacks import forging
from tests.attacks.classes import S5
from tests.attacks.real import RealGateway
from tests.attacks.registry import Attack

TTL_S = 5
LOGOUT_S = 1
SLACK_S = 0.5
"""What a request that was sent within the bound may take on a busy machine before the gateway sees it."""


@dataclass
class Session:
    user: str
    name: str
    tokens: dict[str, str]
    client: str = ""


Act = Callable[[RealGateway, Session], object]


def _revoked(real: RealGateway, session: Session, kind: str) -> None:
    form = {"client_id": "mcp-client", "token": session.tokens[kind], "token_type_hint": kind}
    assert real.token_endpoint("revoke", form).status_code == 200


def _logged_out(real: RealGateway, session: Session) -> None:
    form = {"client_id": "mcp-client", "refresh_token": session.tokens["refresh_token"]}
    assert real.token_endpoint("logout", form).status_code == 204


def _refreshed_twice(real: RealGateway, session: Session) -> None:
    form = {"grant_type": "refresh_token", "client_id": "mcp-client", "refresh_token": session.tokens["refresh_token"]}
    assert [real.token_endpoint("token", form).status_code for _ in range(2)] == [200, 400]


BY_TTL: dict[str, Act] = {
    "the access token revoked": lambda real, session: _revoked(real, session, "access_token"),
    "the refresh token revoked": lambda real, session: _revoked(real, session, "refresh_token"),
    "the refresh token used twice": _refreshed_twice,
    "the user disabled": lambda real, session: real.admin().update_user(session.user, {"enabled": False}),
    "the user deleted": lambda real, session: real.admin().delete_user(session.user),
    "the client disabled": lambda real, session: real.admin().update_client(session.client, {"enabled": False}),
    "the client deleted": lambda real, session: real.admin().delete_client(session.client),
    "a not-before push for the client": lambda real, session: real.admin().update_client(
        session.client, {"notBefore": int(time.time()) + 1}
    ),
}
AT_ONCE: dict[str, Act] = {
    "logged out": _logged_out,
    "the session ended by an administrator": lambda real, session: real.admin().connection.raw_delete(
        f"/admin/realms/mcp-gateway/sessions/{session.tokens['session_state']}"
    ),
    "all sessions of the user ended": lambda real, session: real.admin().user_logout(session.user),
}


@pytest.fixture(scope="module")
def last_allowed(watched_real: RealGateway) -> dict[str, float]:
    """By attack: how long after it was done a call was last allowed. All at the same time, each on its own session."""
    acts = BY_TTL | AT_ONCE
    sessions = {name: _session(watched_real, own_client="client" in name) for name in acts}
    done, last = dict[str, float](), dict[str, float]()
    for name, act in acts.items():
        assert watched_real.call(sessions[name].tokens["access_token"]) == 200, "in use, so its verdict is cached"
        act(watched_real, sessions[name])
        done[name] = time.monotonic()
    while time.monotonic() < max(done.values()) + TTL_S + 1:
        for name, session in sessions.items():
            sent = time.monotonic()
            if watched_real.call(session.tokens["access_token"]) == 200:
                last[name] = sent - done[name]
    return {name: last.get(name, 0.0) for name in acts}


@pytest.mark.covers("S5")
@S5.each(
    [
        *S5.alike(BY_TTL, 401, reaches="calls of the first 5 s (INTROSPECTION_TTL_SECONDS)"),
        *S5.alike(AT_ONCE, 401, reaches="calls of the first second"),
    ]
)
def test_a_token_that_was_taken_back_ends_in_time(last_allowed: dict[str, float], attack: Attack) -> None:
    bound = LOGOUT_S if attack.name in AT_ONCE else TTL_S
    assert last_allowed[attack.name] < bound + SLACK_S


def _session(real: RealGateway, *, own_client: bool) -> Session:
    user, name = real.new_user()
    client, client_id = real.new_client() if own_client else ("", "mcp-client")
    tokens = real.sign_in(name, "openid", "mcp:calculator", client_id=client_id).raw
    assert forging.payload(tokens["access_token"])["sub"] == user
    return Session(user, name, dict(tokens), client)
