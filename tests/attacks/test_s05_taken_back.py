"""S5: each way of taking a token back, on a token that is in use, with how long it still worked."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.attacks import forging
from tests.attacks.classes import S5
from tests.attacks.real import RealGateway
from tests.attacks.registry import Answer, Attack

TTL_S = 5
LOGOUT_S = 1


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
def answered(watched_real: RealGateway) -> dict[str, list[tuple[float, Answer]]]:
    """By attack: how long after it was done each call was sent, and its answer. All at the same time, each on its own
    session."""
    acts = BY_TTL | AT_ONCE
    sessions = {name: _session(watched_real, own_client="client" in name) for name in acts}
    done = dict[str, float]()
    answered: dict[str, list[tuple[float, Answer]]] = {name: [] for name in acts}
    for name, act in acts.items():
        assert watched_real.call(sessions[name].tokens["access_token"]) == 200, "in use, so its verdict is cached"
        act(watched_real, sessions[name])
        done[name] = time.monotonic()
    while time.monotonic() < max(done.values()) + TTL_S + 1:
        for name, session in sessions.items():
            sent = time.monotonic()
            answered[name].append((sent - done[name], watched_real.call(session.tokens["access_token"])))
    return answered


@pytest.mark.covers("S5")
@S5.each(
    [
        *S5.alike(BY_TTL, 401, reaches="calls of the first 5 s (INTROSPECTION_TTL_SECONDS)"),
        *S5.alike(AT_ONCE, 401, reaches="calls of the first second"),
    ]
)
def test_a_token_that_was_taken_back_ends_in_time(
    answered: dict[str, list[tuple[float, Answer]]], attack: Attack
) -> None:
    bound = LOGOUT_S if attack.name in AT_ONCE else TTL_S
    afterwards = [answer for after, answer in answered[attack.name] if after > bound]
    assert len(afterwards) > 1
    assert set(afterwards) <= attack.answers


def _session(real: RealGateway, *, own_client: bool) -> Session:
    user, name = real.new_user()
    client, client_id = real.new_client() if own_client else ("", "mcp-client")
    tokens = real.sign_in(name, "openid", "mcp:calculator", client_id=client_id).raw
    assert forging.payload(tokens["access_token"])["sub"] == user
    return Session(user, name, dict(tokens), client)
