"""Translation to and from Envoy, checked in bytes with an independent implementation of its API."""

import asyncio
import json
from typing import cast

import pytest
from ext_authz.authorizer import Authorizer
from ext_authz.claims import Claims
from ext_authz.grpc_service import AuthorizationService, Decides
from ext_authz.operation import HttpRequest
from ext_authz.verdict import REFUSALS, Allow, Deny, Reason, Verdict
from ext_authz.xds import CheckRequest, CheckResponse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.authz import (
    NOW,
    TOKEN,
    FakeIntrospector,
    FakeRecorder,
    claims,
    claims_with_scopes,
    shipped_policy,
    tool_call,
    unavailable,
)
from tests.support.envoy_check import OVERWRITE_OR_ADD, EnvoyAnswer, check_request, read_answer

POLICY = shipped_policy()
HEADERS = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json", "x-request-id": "r-1"}
METADATA = "https://gateway.example/.well-known/oauth-protected-resource/mcp/weather"


class FakeDecides:
    """Answers every request with ``verdict``, or raises it: ``at_once``, or only where that may be waited for."""

    def __init__(self, verdict: object, *, at_once: bool) -> None:
        self.verdict = verdict
        self.at_once = at_once
        self.seen: list[HttpRequest] = []

    def authorize_now(self, request: HttpRequest) -> Verdict | None:
        return self._verdict(request) if self.at_once else None

    async def authorize(self, request: HttpRequest) -> Verdict:
        return self._verdict(request)

    def _verdict(self, request: HttpRequest) -> Verdict:
        self.seen.append(request)
        if isinstance(self.verdict, BaseException):
            raise self.verdict
        return cast(Verdict, self.verdict)


async def asked(decides: Decides, request: bytes, recorder: FakeRecorder | None = None) -> EnvoyAnswer:
    service = AuthorizationService(decides, POLICY, recorder or FakeRecorder())
    read = CheckRequest.FromString(request)
    answer = service.check_now(read) or await service.check(read)
    assert CheckResponse.FromString(answer).HasField("status"), "an unset status is code 0, which allows"
    return read_answer(answer)


@pytest.mark.covers("A3")
def test_what_is_known_is_answered_at_once_as_it_is_after_waiting() -> None:
    told = Authorizer(POLICY, FakeIntrospector(knows=True), frozenset(), FakeRecorder(), now=lambda: NOW)
    request = CheckRequest.FromString(check_request(headers=HEADERS, body=tool_call()))
    answer = AuthorizationService(told, POLICY, FakeRecorder()).check_now(request)
    assert answer is not None
    assert read_answer(answer).allowed
    assert answer == asyncio.run(AuthorizationService(authorizer(), POLICY, FakeRecorder()).check(request))


def test_nothing_is_answered_at_once_while_the_recorder_is_behind() -> None:
    told = Authorizer(POLICY, FakeIntrospector(knows=True), frozenset(), FakeRecorder(is_behind=True), now=lambda: NOW)
    request = CheckRequest.FromString(check_request(headers=HEADERS, body=tool_call()))
    assert AuthorizationService(told, POLICY, FakeRecorder()).check_now(request) is None


def authorizer(introspected: object = None, recorder: FakeRecorder | None = None) -> Authorizer:
    introspector = FakeIntrospector(cast(Claims, introspected or claims()))
    origins = frozenset({"http://localhost:6274"})
    return Authorizer(POLICY, introspector, origins, recorder or FakeRecorder(), now=lambda: NOW)


@pytest.mark.covers("A3", "R6", "S1")
async def test_an_allowed_request_gets_the_identity_headers_and_loses_the_token() -> None:
    answer = await asked(authorizer(), check_request(headers=HEADERS, body=tool_call()))
    assert answer.allowed
    assert answer.headers == {
        "x-user-sub": "user-1",
        "x-user-email": "user@example.org",
        "x-user-scopes": "mcp:weather",
    }
    assert answer.removed == ["authorization"]


@pytest.mark.covers("S1")
async def test_injected_headers_overwrite_whatever_a_client_sent() -> None:
    answer = await asked(authorizer(), check_request(headers=HEADERS, body=tool_call()))
    assert answer.actions == {OVERWRITE_OR_ADD}


@pytest.mark.covers("A3", "S1")
async def test_an_absent_email_is_removed_rather_than_sent_empty() -> None:
    token = claims_with_scopes("mcp:weather")
    without = claims(identity=type(token.identity)("user-1", None, token.identity.scopes))
    answer = await asked(authorizer(without), check_request(headers=HEADERS, body=tool_call()))
    assert "x-user-email" not in answer.headers
    assert "x-user-email" in answer.removed


@pytest.mark.covers("A4", "R2")
async def test_a_request_without_a_token_is_answered_401_with_a_challenge_that_names_no_error() -> None:
    answer = await asked(authorizer(), check_request(body=tool_call()))
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == f'Bearer resource_metadata="{METADATA}", scope="mcp:weather"'
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.body)["error"]["code"] == -32001


@pytest.mark.covers("A4", "R2")
async def test_an_inactive_token_is_answered_401_invalid_token() -> None:
    answer = await asked(authorizer(Reason.TOKEN_INACTIVE), check_request(headers=HEADERS, body=tool_call()))
    assert answer.status == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


@pytest.mark.covers("R3")
async def test_a_missing_scope_is_answered_403_with_every_scope_and_the_request_s_id() -> None:
    request = check_request(headers=HEADERS, body=tool_call("get_weather_alerts"))
    answer = await asked(authorizer(), request)
    assert answer.status == 403
    assert answer.headers["www-authenticate"] == (
        f'Bearer resource_metadata="{METADATA}", scope="mcp:weather mcp:weather:alerts", error="insufficient_scope"'
    )
    body = json.loads(answer.body)
    assert body["id"] == 7
    assert body["error"]["data"] == {"scope": "mcp:weather mcp:weather:alerts"}


@pytest.mark.covers("R4")
async def test_an_unlisted_tool_is_answered_403_and_minus_32602_without_a_challenge() -> None:
    answer = await asked(authorizer(), check_request(headers=HEADERS, body=tool_call("rm")))
    assert answer.status == 403
    assert json.loads(answer.body)["error"]["code"] == -32602
    assert "www-authenticate" not in answer.headers


@pytest.mark.covers("R4", "F6")
async def test_an_outage_is_answered_503_with_retry_after_and_never_401() -> None:
    answer = await asked(authorizer(unavailable()), check_request(headers=HEADERS, body=tool_call()))
    assert answer.status == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert "www-authenticate" not in answer.headers


@pytest.mark.covers("R4")
@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"authorization": "Bearer a,Bearer b"}, 400),
        ({"authorization": "Bearer " + "a" * 9000}, 431),
        ({"authorization": "Bearer not a token"}, 401),
        ({"content-type": "text/plain"}, 415),
        ({"content-encoding": "gzip"}, 415),
        ({"origin": "https://evil.example"}, 403),
        ({"x-envoy-auth-partial-body": "true"}, 413),
        ({"mcp-method": "tools/list"}, 400),
        ({"mcp-name": "get_weather_alerts"}, 400),
    ],
)
async def test_refusals_have_their_status_through_the_protocol(changes: dict[str, str], status: int) -> None:
    answer = await asked(authorizer(), check_request(headers=HEADERS | changes, body=tool_call()))
    assert (answer.allowed, answer.status) == (False, status)


@pytest.mark.covers("R7")
async def test_an_options_request_is_answered_without_a_token_and_reaches_no_server() -> None:
    answer = await asked(authorizer(), check_request(method="OPTIONS", headers={"origin": "http://localhost:6274"}))
    assert (answer.allowed, answer.status, answer.body) == (False, 204, "")
    assert "POST" in answer.headers["allow"]


@pytest.mark.covers("S6")
@pytest.mark.parametrize("resource", [None, "", "Weather", "weather ", "../weather", "unknown"])
async def test_a_route_that_names_no_resource_is_denied_whatever_its_path(resource: str | None) -> None:
    answer = await asked(authorizer(), check_request(resource=resource, headers=HEADERS, body=tool_call()))
    assert (answer.allowed, answer.status) == (False, 403)


@pytest.mark.covers("S3")
async def test_a_token_in_the_query_or_a_form_is_no_token() -> None:
    path = f"/mcp/weather?access_token={TOKEN}"
    assert (await asked(authorizer(), check_request(path=path, body=tool_call()))).status == 401
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert (await asked(authorizer(), check_request(headers=form, body=f"access_token={TOKEN}".encode()))).status == 401


@pytest.mark.covers("S3", "S19")
@pytest.mark.parametrize("at_once", [True, False])
async def test_the_query_never_gets_past_the_translation(at_once: bool) -> None:
    decides = FakeDecides(Deny(Reason.TOKEN_ABSENT), at_once=at_once)
    await asked(decides, check_request(path="/mcp/weather?access_token=secret#x"))
    assert decides.seen[0].path == "/mcp/weather"
    assert "secret" not in repr(decides.seen)


@pytest.mark.covers("F4")
@pytest.mark.parametrize(
    "fault", [RuntimeError("secret"), KeyError("x"), TimeoutError(), RecursionError(), MemoryError()]
)
@pytest.mark.parametrize("at_once", [True, False])
async def test_whatever_is_raised_denies_with_503_and_says_nothing_of_it(at_once: bool, fault: Exception) -> None:
    recorder = FakeRecorder()
    answer = await asked(FakeDecides(fault, at_once=at_once), check_request(headers=HEADERS), recorder)
    assert (answer.allowed, answer.status) == (False, 503)
    assert "secret" not in answer.body
    assert recorder.faults == [fault]


@pytest.mark.covers("F4")
@pytest.mark.parametrize("nothing", [None, True, 0, "allow", Allow])
@pytest.mark.parametrize("at_once", [True, False])
async def test_an_answer_that_is_no_verdict_denies(at_once: bool, nothing: object) -> None:
    answer = await asked(FakeDecides(nothing, at_once=at_once), check_request(headers=HEADERS))
    assert (answer.allowed, answer.status) == (False, 503)


@pytest.mark.covers("F3")
async def test_a_cancelled_check_ends_as_cancelled() -> None:
    with pytest.raises(asyncio.CancelledError):
        await asked(FakeDecides(asyncio.CancelledError(), at_once=False), check_request())


@pytest.mark.covers("A4", "F4")
async def test_an_empty_check_request_is_denied() -> None:
    assert not (await asked(authorizer(), b"")).allowed


@pytest.mark.covers("R4", "S19")
@pytest.mark.parametrize("reason", [reason for reason in Reason if reason is not Reason.OPTIONS_ANSWERED])
@pytest.mark.parametrize("at_once", [True, False])
async def test_every_refusal_has_a_json_rpc_error_for_a_body(at_once: bool, reason: Reason) -> None:
    answer = await asked(FakeDecides(Deny(reason, message_id="a\r\n"), at_once=at_once), check_request())
    body = json.loads(answer.body)
    assert (body["jsonrpc"], body["id"], body["error"]["code"]) == ("2.0", "a\r\n", REFUSALS[reason].rpc_code)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.actions == {OVERWRITE_OR_ADD}
    assert ("www-authenticate" in answer.headers) == (answer.status == 401 or REFUSALS[reason].oauth_error is not None)


TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40)


@pytest.mark.covers("F4", "S2", "S12")
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    resource=st.sampled_from([None, "weather", "calculator", "x"]) | TEXT,
    method=st.sampled_from(["GET", "POST", "OPTIONS", "DELETE", "HEAD"]) | TEXT,
    path=TEXT,
    headers=st.dictionaries(st.sampled_from([*HEADERS, "origin", "content-encoding"]) | TEXT, TEXT, max_size=6),
    body=st.binary(max_size=60) | st.just(tool_call()),
)
async def test_check_never_raises_and_never_allows_without_good_claims(
    resource: str | None, method: str, path: str, headers: dict[str, str], body: bytes
) -> None:
    request = check_request(resource=resource, method=method, path=path, headers=headers, body=body)
    answer = await asked(authorizer(Reason.TOKEN_INACTIVE), request)
    assert not answer.allowed
    assert answer.status in {204, 400, 401, 403, 405, 415, 431}
