"""Both eras at one endpoint, without HTTP: which is which, and what is asked of a modern request."""

import json
from typing import Any

import pytest
from mcp_serving.caller import Caller
from mcp_serving.eras import Mirrors
from mcp_serving.operations import Operations
from mcp_serving.protocol import Endpoint
from mcp_serving.toolbox import BeyondScopes
from mcp_wire import read_message

from tests.support.json_schema import check_instance
from tests.support.serving import call, modern, request
from tests.support.serving_sample import BASE, EXTRA, sample_toolbox

SERVED = ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26"]
CLIENT_INFO = "io.modelcontextprotocol/clientInfo"
CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
VERSION = "io.modelcontextprotocol/protocolVersion"
SERVER_INFO = "io.modelcontextprotocol/serverInfo"
DISCOVER = modern(request("server/discover"))
GREET = modern(call("greet", name="a"))


def agreeing(body: dict[str, Any]) -> Mirrors:
    name = body["params"].get("name")
    return Mirrors("2026-07-28", body["method"], name if body["method"] == "tools/call" else None)


async def post(body: Any, headers: Mirrors | None = None, *scopes: str) -> Any:
    endpoint = Endpoint(Operations(sample_toolbox(), BeyondScopes.SHOW))
    caller = Caller("someone", None, frozenset(scopes or {BASE}))
    message = read_message(json.dumps(body).encode())
    answer = await endpoint.answer(message, caller, agreeing(body) if headers is None else headers)
    return answer.status, json.loads(answer.body) if answer.body else None


async def result(body: Any, *scopes: str) -> Any:
    status, answer = await post(body, None, *scopes)
    assert (status, answer["id"]) == (200, 1), answer
    return answer["result"]


async def error(body: Any, headers: Mirrors | None = None) -> tuple[int, int]:
    status, answer = await post(body, headers)
    assert answer["id"] == body["id"]
    return status, answer["error"]["code"]


@pytest.mark.covers("M1", "M4")
async def test_discover_says_what_the_server_is_and_speaks() -> None:
    answer = await result(DISCOVER)
    assert answer["supportedVersions"] == SERVED
    assert answer["capabilities"] == {"tools": {}}
    assert answer["instructions"] == "For tests."
    assert answer["cacheScope"] == "public"
    assert answer["ttlMs"] >= 0


@pytest.mark.covers("M4")
@pytest.mark.parametrize("body", [DISCOVER, modern(request("tools/list")), GREET, modern(call("fail"))])
async def test_every_result_says_that_it_is_complete_and_by_whom(body: Any) -> None:
    answer = await result(body)
    assert answer["resultType"] == "complete"
    assert answer["_meta"] == {SERVER_INFO: {"name": "sample", "title": "Sample", "version": "1.2.3"}}


@pytest.mark.covers("M4", "M8")
async def test_a_list_is_for_its_caller_alone_as_it_says_what_the_token_lacks() -> None:
    for scopes, noted in (([BASE], True), ([BASE, EXTRA], False)):
        answer = await result(modern(request("tools/list")), *scopes)
        assert (answer["cacheScope"], answer["ttlMs"] >= 0) == ("private", True)
        secret = next(tool for tool in answer["tools"] if tool["name"] == "secret")
        assert (EXTRA in secret["description"]) is noted


@pytest.mark.covers("M4", "M7")
async def test_a_modern_call_is_answered_as_a_legacy_one_but_for_the_eras_own_members() -> None:
    legacy = (await post(call("greet", name="a"), Mirrors()))[1]["result"]
    answer = await result(GREET)
    assert {name: answer[name] for name in legacy} == legacy
    tools = (await result(modern(request("tools/list"))))["tools"]
    schema = next(tool["outputSchema"] for tool in tools if tool["name"] == "greet")
    check_instance(answer["structuredContent"], schema)


@pytest.mark.covers("M1")
async def test_a_legacy_request_has_no_modern_members_in_its_result() -> None:
    status, answer = await post(request("tools/list"), Mirrors())
    assert (status, set(answer["result"])) == (200, {"tools"})


@pytest.mark.covers("M1", "M2")
@pytest.mark.parametrize("version", [None, "2025-11-25"])
async def test_initialize_opens_a_legacy_conversation_whatever_it_asks_for(version: str | None) -> None:
    body = request("initialize", {"protocolVersion": "2026-07-28"})
    _, answer = await post(body, Mirrors(version=version))
    assert answer["result"]["protocolVersion"] == "2025-11-25"


@pytest.mark.covers("M1", "M3")
@pytest.mark.parametrize(
    "method",
    ["initialize", "ping", "subscriptions/listen", "logging/setLevel", "resources/list", "x", "", "Tools/List"],
)
async def test_a_method_that_the_modern_era_or_this_server_has_not_is_answered_404(method: str) -> None:
    assert await error(modern(request(method))) == (404, -32601)


@pytest.mark.covers("M1")
async def test_what_is_unknown_to_the_legacy_era_stays_an_error_with_200() -> None:
    assert await error(request("server/discover"), Mirrors()) == (200, -32601)


@pytest.mark.covers("M3")
@pytest.mark.parametrize("method", ["server/discover", "tools/list", "initialize", "unknown"])
@pytest.mark.parametrize(
    "meta",
    [
        {VERSION: ...},
        {VERSION: None},
        {VERSION: 20260728},
        {VERSION: ["2026-07-28"]},
        {CAPABILITIES: ...},
        {CAPABILITIES: None},
        {CAPABILITIES: []},
        {CAPABILITIES: "tools"},
        {CAPABILITIES: True},
    ],
)
async def test_an_envelope_that_lacks_a_member_or_has_it_ill_typed_is_answered_400(method: str, meta: Any) -> None:
    assert await error(modern(request(method), **meta)) == (400, -32602)


@pytest.mark.covers("M3")
@pytest.mark.parametrize("params", [{}, {"_meta": None}, {"_meta": []}, {"_meta": {}}, {"_meta": {"progressToken": 1}}])
async def test_a_modern_header_without_an_envelope_is_answered_400(params: Any) -> None:
    assert await error(request("tools/list", params), Mirrors("2026-07-28", "tools/list")) == (400, -32602)


async def test_who_the_client_is_need_not_be_told() -> None:
    assert (await result(modern(request("server/discover"), **{CLIENT_INFO: ...})))["resultType"] == "complete"


@pytest.mark.covers("M3")
@pytest.mark.parametrize(
    "headers",
    [
        Mirrors(None, "tools/call", "greet"),
        Mirrors("2025-11-25", "tools/call", "greet"),
        Mirrors("2026-07-28,2026-07-28", "tools/call", "greet"),
        Mirrors("", "tools/call", "greet"),
        Mirrors("2026-07-28", None, "greet"),
        Mirrors("2026-07-28", "tools/list", "greet"),
        Mirrors("2026-07-28", "TOOLS/CALL", "greet"),
        Mirrors("2026-07-28", "tools/call,tools/call", "greet"),
        Mirrors("2026-07-28", "tools/call", None),
        Mirrors("2026-07-28", "tools/call", "secret"),
        Mirrors("2026-07-28", "tools/call", "greet,greet"),
        Mirrors("2026-07-28", "tools/call", "=?base64?c2VjcmV0?="),
        Mirrors("2026-07-28", "tools/call", "=?base64?greet?="),
    ],
)
async def test_a_header_that_is_missing_or_does_not_repeat_the_body_is_answered_400(headers: Mirrors) -> None:
    assert await error(GREET, headers) == (400, -32020)


@pytest.mark.covers("M3")
async def test_an_encoded_name_is_decoded_before_it_is_compared() -> None:
    assert (await post(GREET, Mirrors("2026-07-28", "tools/call", "=?base64?Z3JlZXQ=?=")))[0] == 200


@pytest.mark.covers("M3")
@pytest.mark.parametrize("version", ["1900-01-01", "2027-01-01", "latest", "", "2025-11-25"])
async def test_a_version_that_no_modern_request_can_have_is_answered_400_with_those_served(version: str) -> None:
    body = modern(request("server/discover"), **{VERSION: version})
    status, answer = await post(body, Mirrors(version, "server/discover"))
    assert (status, answer["error"]["code"]) == (400, -32022)
    assert answer["error"]["data"] == {"supported": SERVED, "requested": version}


async def test_a_header_that_disagrees_is_told_before_a_version_that_is_not_served() -> None:
    body = modern(request("server/discover"), **{VERSION: "1900-01-01"})
    assert await error(body, Mirrors("2026-07-28", "server/discover")) == (400, -32020)


@pytest.mark.covers("M3", "M7")
@pytest.mark.parametrize("params", [{"name": "nope"}, {"name": "greet", "arguments": [1]}])
async def test_an_unknown_tool_or_malformed_params_are_answered_32602_in_band(params: Any) -> None:
    assert await error(modern(request("tools/call", params))) == (200, -32602)


@pytest.mark.covers("M7")
async def test_a_call_without_a_name_is_told_so_and_not_that_a_header_is_missing() -> None:
    assert await error(modern(request("tools/call", {})), Mirrors("2026-07-28", "tools/call")) == (200, -32602)


@pytest.mark.covers("M9")
@pytest.mark.parametrize("version", ["2026-07-28", "2025-11-25", None])
async def test_a_notification_of_either_era_is_accepted_and_dropped(version: str | None) -> None:
    body = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}
    assert await post(body, Mirrors(version=version)) == (202, None)


@pytest.mark.covers("M3")
async def test_a_notification_whose_header_names_another_method_is_refused() -> None:
    body = {"jsonrpc": "2.0", "method": "notifications/cancelled"}
    assert (await post(body, Mirrors("2026-07-28", "tools/call")))[0] == 400


async def test_a_response_is_no_message_that_a_modern_client_sends() -> None:
    assert await error({"jsonrpc": "2.0", "id": 1, "result": {}}, Mirrors("2026-07-28")) == (400, -32600)


@pytest.mark.covers("S12")
async def test_a_legacy_call_whose_headers_name_another_tool_is_refused_too() -> None:
    assert await error(call("greet", name="a"), Mirrors(name="secret")) == (400, -32020)
    assert await error(call("greet", name="a"), Mirrors(method="tools/list")) == (400, -32020)
    assert (await post(call("greet", name="a"), Mirrors(method="tools/call", name="greet")))[0] == 200


@pytest.mark.covers("W3", "M3")
async def test_a_modern_call_beyond_the_callers_scopes_is_answered_403_naming_them() -> None:
    status, answer = await post(modern(call("secret")))
    assert (status, answer["error"]["code"], answer["error"]["data"]) == (403, -32003, {"missingScopes": [EXTRA]})
