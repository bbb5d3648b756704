"""Hand-written stand-ins for the authorizer's neighbours, and makers of its inputs with everything in order.

A test changes the one thing that it is about.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ext_authz.claims import Claims
from ext_authz.decision_log import Decision
from ext_authz.identity import Identity
from ext_authz.introspection import AuthorizationServerUnavailable, Introspected
from ext_authz.operation import HttpRequest
from ext_authz.policy import Policy
from ext_authz.policy_file import load_policy
from ext_authz.verdict import Verdict

PUBLIC_URL = "https://gateway.example"
ISSUER = f"{PUBLIC_URL}/realms/mcp-gateway"
WEATHER_URL = f"{PUBLIC_URL}/mcp/weather"
CALCULATOR_URL = f"{PUBLIC_URL}/mcp/calculator"
POLICY_FILE = Path(__file__).parents[2] / "ext-authz" / "policy.yaml"
NOW = 1_800_000_000.0
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1In0.c2ln"  # shaped like a JWT; nothing here verifies it


def shipped_policy() -> Policy:
    return load_policy(POLICY_FILE, PUBLIC_URL)


def claims(**changes: Any) -> Claims:
    """Claims of a user who may use the weather server, valid for five minutes."""
    identity = Identity("user-1", "user@example.org", frozenset({"mcp:weather"}))
    return replace(Claims(identity, frozenset({WEATHER_URL, "api-gateway"}), NOW + 300, None), **changes)


def claims_with_scopes(*scopes: str) -> Claims:
    return claims(identity=Identity("user-1", "user@example.org", frozenset(scopes)))


def answer(**changes: Any) -> dict[str, Any]:
    """What Keycloak 26 answers for an active access token; a change to ``...`` removes a member."""
    members: dict[str, Any] = {
        "active": True,
        "iss": ISSUER,
        "typ": "Bearer",
        "token_type": "Bearer",
        "sub": "user-1",
        "email": "user@example.org",
        "scope": "openid mcp:weather",
        "aud": ["api-gateway", WEATHER_URL],
        "exp": int(NOW) + 300,
        "iat": int(NOW),
        "sid": "session-1",
        "client_id": "mcp-client",
        "username": "testuser",
    } | changes
    return {name: value for name, value in members.items() if value is not ...}


def tool_call(tool: object = "get_uv_index", **members: Any) -> bytes:
    """A tools/call as a client writes it."""
    message = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": tool, "arguments": {}}} | members
    return json.dumps({name: value for name, value in message.items() if value is not ...}).encode()


def http_request(**changes: Any) -> HttpRequest:
    """A tools/call of get_uv_index at the weather server, with a token."""
    request = HttpRequest(
        resource="weather",
        method="POST",
        path="/mcp/weather",
        authorization=f"Bearer {TOKEN}",
        origin=None,
        content_type="application/json",
        content_encoding=None,
        mcp_method=None,
        mcp_name=None,
        body=tool_call(),
        body_is_partial=False,
        request_id="request-1",
        client_address="192.0.2.1",
    )
    return request._replace(**changes)


def decision(request: HttpRequest, verdict: Verdict, subject: str | None = "user-1", seconds: float = 0.1) -> Decision:
    """As a recorder keeps it."""
    at = int(NOW) * 1_000_000_000
    return Decision(request.method, request.path, request.request_id, request.resource, verdict, subject, seconds, at)


@dataclass
class FakeClock:
    """Seconds that pass when told to."""

    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class FakeIntrospector:
    """Answers every token with ``introspected``, or raises it. If it ``knows`` ``TOKEN``, it says so at once."""

    introspected: Introspected | Exception = field(default_factory=claims)
    tokens: list[str] = field(default_factory=list)
    knows: bool = False

    async def introspect(self, token: str, address: str) -> Introspected:
        self.tokens.append(token)
        if isinstance(self.introspected, Exception):
            raise self.introspected
        return self.introspected

    def known(self, token: str) -> Introspected | None:
        is_known = self.knows and token == TOKEN
        return self.introspected if is_known and not isinstance(self.introspected, Exception) else None


@dataclass
class FakeAuthorizationServer:
    """An ``AuthorizationServer`` that answers ``answer``, once ``gate`` is open, and counts."""

    answer: Mapping[str, Any] | Exception = field(default_factory=answer)
    gate: asyncio.Event | None = None
    tokens: list[str] = field(default_factory=list)

    async def introspect(self, token: str) -> Mapping[str, Any]:
        self.tokens.append(token)
        if self.gate is not None:
            await self.gate.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@dataclass
class FakeRecorder:
    """Keeps what it was told."""

    verdicts: list[Verdict] = field(default_factory=list)
    subjects: list[str | None] = field(default_factory=list)
    causes: list[str] = field(default_factory=list)
    faults: list[BaseException] = field(default_factory=list)
    is_behind: bool = False

    def decided(
        self, request: HttpRequest, resource: str, verdict: Verdict, subject: str | None, seconds: float
    ) -> None:
        self.verdicts.append(verdict)
        self.subjects.append(subject)

    def unavailable(self, request_id: str, cause: str) -> None:
        self.causes.append(cause)

    def failed(self, request_id: str, error: BaseException) -> None:
        self.faults.append(error)


@dataclass
class FakeObserver:
    """Counts what an ``Introspection`` tells."""

    ages: list[float] = field(default_factory=list)
    misses: int = 0
    joins: int = 0
    refreshes: int = 0
    evictions: int = 0
    outcomes: list[str] = field(default_factory=list)

    def cache_hit(self, age_seconds: float) -> None:
        self.ages.append(age_seconds)

    def cache_miss(self) -> None:
        self.misses += 1

    def joined_flight(self) -> None:
        self.joins += 1

    def refreshed_ahead(self) -> None:
        self.refreshes += 1

    def evicted(self) -> None:
        self.evictions += 1

    def introspected(self, outcome: str, seconds: float) -> None:
        self.outcomes.append(outcome)


def unavailable(cause: str = "unreachable") -> AuthorizationServerUnavailable:
    return AuthorizationServerUnavailable(cause)


def directly(call: Callable[[], object]) -> None:
    """``call_soon_threadsafe`` for where all is in one thread."""
    call()


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for ``condition``, under a deadline, giving way to other tasks in between."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event to set
            await asyncio.sleep(0.001)
