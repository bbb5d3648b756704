"""The order of the steps: what is refused without asking, and what an outage becomes."""

import pytest
from ext_authz.authorizer import Authorizer
from ext_authz.introspection import Introspected
from ext_authz.operation import HttpRequest
from ext_authz.verdict import Allow, Deny, Reason, Verdict

from tests.support.authz import (
    NOW,
    TOKEN,
    FakeIntrospector,
    FakeRecorder,
    claims,
    http_request,
    shipped_policy,
    unavailable,
)

POLICY = shipped_policy()
ORIGINS = frozenset({"http://localhost:6274", "https://gateway.example"})


async def judged(
    request: HttpRequest, introspected: Introspected | Exception | None = None
) -> tuple[Verdict, list[str]]:
    """The verdict, and the tokens that were asked about. Where it can be told at once, it is the same."""
    introspector = FakeIntrospector(introspected or claims())
    verdict = await Authorizer(POLICY, introspector, ORIGINS, FakeRecorder(), now=lambda: NOW).authorize(request)
    now = judged_now(request, FakeIntrospector(introspector.introspected, knows=True))
    is_known = request.authorization == f"Bearer {TOKEN}" and not isinstance(introspected, Exception)
    assert now == [verdict] if is_known else now in ([], [verdict])
    return verdict, introspector.tokens


def judged_now(request: HttpRequest, introspector: FakeIntrospector) -> list[Verdict]:
    """What is told, and recorded, without waiting."""
    recorder = FakeRecorder()
    verdict = Authorizer(POLICY, introspector, ORIGINS, recorder, now=lambda: NOW).authorize_now(request)
    assert recorder.verdicts == ([] if verdict is None else [verdict])
    assert introspector.tokens == []
    return recorder.verdicts


def reason_of(verdict: Verdict) -> Reason:
    assert isinstance(verdict, Deny)
    return verdict.reason


@pytest.mark.covers("A1", "A2")
async def test_a_good_token_is_asked_about_and_allowed() -> None:
    verdict, tokens = await judged(http_request())
    assert isinstance(verdict, Allow)
    assert tokens == [TOKEN]


@pytest.mark.covers("S2")
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"authorization": None}, Reason.TOKEN_ABSENT),
        ({"authorization": "Basic abc"}, Reason.TOKEN_ABSENT),
        ({"authorization": "Bearer é"}, Reason.TOKEN_MALFORMED),
        ({"authorization": "Bearer a,Bearer b"}, Reason.CREDENTIALS_AMBIGUOUS),
        ({"authorization": "Bearer " + "a" * 9000}, Reason.CREDENTIALS_TOO_LONG),
        ({"resource": "unknown"}, Reason.RESOURCE_UNKNOWN),
        ({"origin": "https://evil.example"}, Reason.ORIGIN_REFUSED),
        ({"method": "OPTIONS"}, Reason.OPTIONS_ANSWERED),
        ({"method": "TRACE"}, Reason.METHOD_REFUSED),
    ],
    ids=str,
)
async def test_what_can_be_refused_without_asking_is(changes: dict[str, str | None], reason: Reason) -> None:
    verdict, tokens = await judged(http_request(**changes))
    assert reason_of(verdict) is reason
    assert tokens == []
    assert judged_now(http_request(**changes), FakeIntrospector()) == [verdict]


def test_what_is_known_of_a_token_is_decided_on_at_once() -> None:
    (verdict,) = judged_now(http_request(), FakeIntrospector(knows=True))
    assert isinstance(verdict, Allow)
    (verdict,) = judged_now(http_request(), FakeIntrospector(Reason.SESSION_ENDED, knows=True))
    assert reason_of(verdict) is Reason.SESSION_ENDED


def test_what_must_be_asked_is_neither_decided_nor_recorded_at_once() -> None:
    assert judged_now(http_request(), FakeIntrospector()) == []
    assert judged_now(http_request(authorization=f"bearer   {TOKEN}"), FakeIntrospector(knows=True)) == []


@pytest.mark.covers("R7", "S16")
@pytest.mark.parametrize("origin", [None, "http://localhost:6274", "https://gateway.example"])
async def test_no_origin_or_an_allowed_one_passes(origin: str | None) -> None:
    assert isinstance((await judged(http_request(origin=origin)))[0], Allow)


@pytest.mark.covers("R7", "S16")
@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "*",
        "https://evil.example",
        "http://localhost:6275",
        "https://localhost:6274",
        "HTTP://LOCALHOST:6274",
        "http://localhost:6274/",
        "http://localhost:62740",
        "https://gateway.example.evil.example",
        "http://localhost",
        "https://gateway.example, https://gateway.example",
        "https://user@gateway.example",
    ],
)
@pytest.mark.parametrize("method", ["POST", "OPTIONS"])
async def test_any_other_origin_is_refused_preflight_or_not(origin: str, method: str) -> None:
    assert reason_of((await judged(http_request(origin=origin, method=method)))[0]) is Reason.ORIGIN_REFUSED


@pytest.mark.covers("F6", "R4")
async def test_an_outage_is_not_the_token_s_fault() -> None:
    verdict, _ = await judged(http_request(), unavailable())
    assert reason_of(verdict) is Reason.AUTHORIZATION_SERVER_UNAVAILABLE


@pytest.mark.covers("S4")
async def test_a_refused_token_is_refused_with_the_resource_s_scopes_for_the_challenge() -> None:
    verdict, _ = await judged(http_request(), Reason.TOKEN_INACTIVE)
    assert verdict == Deny(Reason.TOKEN_INACTIVE, frozenset({"mcp:weather"}))


@pytest.mark.covers("R5")
async def test_a_weather_token_is_refused_at_the_calculator() -> None:
    verdict, _ = await judged(http_request(resource="calculator"))
    assert reason_of(verdict) is Reason.TOKEN_FOR_ANOTHER_RESOURCE


@pytest.mark.covers("S6")
async def test_the_route_decides_which_resource_it_is_and_not_the_path() -> None:
    verdict, _ = await judged(http_request(path="/mcp/calculator"))
    assert isinstance(verdict, Allow)


async def test_every_verdict_is_recorded_with_the_subject_that_was_read() -> None:
    recorder = FakeRecorder()
    authorizer = Authorizer(POLICY, FakeIntrospector(), ORIGINS, recorder, now=lambda: NOW)
    allowed = await authorizer.authorize(http_request())
    denied = await authorizer.authorize(http_request(authorization=None))
    assert recorder.verdicts == [allowed, denied]
    assert recorder.subjects == ["user-1", None]
