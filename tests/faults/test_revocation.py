"""How long what was taken back opens the door, under load: the bounds of ARCHITECTURE.md, for both kinds of client.

A bound is held against the moment at which a request was *sent*, counted from Keycloak's answer to the revocation, so
that a busy machine can neither break it nor hide that it is broken.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, repeat

import pytest
from gateway.client.authorization import Tokens
from keycloak import KeycloakAdmin

from tests.support.faults import Bound, Findings
from tests.support.keycloak import TESTUSER, ExactLoginForm
from tests.support.load import Answer, Ask, steady_load
from tests.support.mcp import bearer
from tests.support.sessions import OPENID, REALM, administrator, signed_in
from tests.support.stack import Stack

TTL_S = 5.0
LOGOUT_S = 1.0
ADMIN = "/admin/realms/mcp-gateway"


@dataclass
class Subject:
    """Whose tokens are taken back; ``undo`` what has to be put right for others."""

    stack: Stack
    admin: KeycloakAdmin
    client_id: str
    tokens: Tokens
    undo: Callable[[], object] = lambda: None

    def post(self, path: str, **form: str) -> None:
        with self.stack.client() as http:
            answer = http.post(f"{OPENID}/{path}", data={"client_id": self.client_id, **form})
        assert answer.status_code in (200, 204), answer.text


def revoke(subject: Subject) -> None:
    subject.post("revoke", token=subject.tokens.access_token)


def disable(subject: Subject) -> None:
    user = subject.admin.get_user_id(TESTUSER[0])
    assert user
    subject.undo = lambda: subject.admin.update_user(user, {"enabled": True})
    subject.admin.update_user(user, {"enabled": False})


def push_not_before(subject: Subject) -> None:
    """Every token of the realm that was issued before now (Keycloak: "Revocation", not before)."""
    subject.undo = lambda: subject.admin.update_realm("mcp-gateway", {"notBefore": 0})
    subject.admin.update_realm("mcp-gateway", {"notBefore": int(time.time())})
    subject.admin.connection.raw_post(f"{ADMIN}/push-revocation", data="")


def log_out(subject: Subject) -> None:
    assert subject.tokens.refresh_token
    subject.post("logout", refresh_token=subject.tokens.refresh_token)


def delete_session(subject: Subject) -> None:
    subject.admin.connection.raw_delete(f"{ADMIN}/sessions/{subject.tokens.raw['session_state']}")


EVENTS: dict[str, tuple[Callable[[Subject], None], float, bool]] = {
    "the token is revoked": (revoke, TTL_S, True),
    "the user is disabled": (disable, TTL_S, False),
    "not-before is pushed": (push_not_before, TTL_S, False),
    "the user logs out": (log_out, LOGOUT_S, True),
    "an administrator deletes the session": (delete_session, LOGOUT_S, True),
}
"""What happens, within how many seconds it holds, and whether other sessions go on."""
SHORT = {("mcp-client", "the token is revoked"), ("registered", "the user logs out")}
CASES = [
    pytest.param(client, event, marks=pytest.mark.short if (client, event) in SHORT else ())
    for client in ("mcp-client", "registered")
    for event in EVENTS
]


@pytest.fixture(scope="module")
def registered(stack: Stack) -> str:
    """The ID of a client that registered itself (RFC 7591)."""
    asked = {
        "client_name": "A client of the tests",
        "redirect_uris": [ExactLoginForm.redirect_uri],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "none",
    }
    with stack.client() as http:
        answer = http.post(f"{REALM}/clients-registrations/openid-connect", json=asked)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["client_id"])


@contextmanager
def subject_of(stack: Stack, client_id: str) -> Iterator[Subject]:
    subject = Subject(stack, administrator(stack), client_id, signed_in(stack, client_id))
    try:
        yield subject
    finally:
        subject.undo()


@pytest.mark.covers("S5", "O17", "O18")
@pytest.mark.parametrize(("client", "event"), CASES)
def test_what_was_taken_back_opens_nothing_after_the_stated_time(
    stack: Stack, registered: str, findings: Findings, client: str, event: str
) -> None:
    happen, bound_s, others_go_on = EVENTS[event]
    client_id = registered if client == "registered" else client
    other = signed_in(stack)
    with subject_of(stack, client_id) as subject:
        asks = [
            Ask("taken back", True, lambda: bearer(subject.tokens.access_token)),
            Ask("other session", True, lambda: bearer(other.access_token)),
            Ask("taken back", True, lambda: bearer(subject.tokens.access_token)),
            Ask("bad", False, lambda: bearer("made-up-token")),
        ]
        with steady_load(stack.ca, stack.url, asks, per_second=40) as load:
            load.await_count(80)
            load.await_good(within_s=20)
            happen(subject)
            at = time.monotonic()
            time.sleep(bound_s + 1.5)  # the bound, and a while in which nothing may be let in
    last = max(chain((one.sent_at - at for one in load.of("taken back") if one.allowed), repeat(0.0, 1)))
    findings.bounds.append(Bound(event, client, bound_s, round(max(0.0, last), 2), len(load.of("taken back", at))))
    assert last <= bound_s
    assert {one.status for one in load.of("taken back", at + bound_s)} == {401}
    assert load.unauthorized_allows() == []
    if others_go_on:
        assert served(load.of("other session", at)), load.mix(at)


def served(answers: list[Answer]) -> bool:
    return bool(answers) and all(one.allowed for one in answers)
