"""The endpoint without HTTP: messages in, statuses and bodies out."""

import json
from typing import Any

import pytest
from mcp_serving.caller import Caller
from mcp_serving.eras import Mirrors
from mcp_serving.operations import Operations
from mcp_serving.protocol import Endpoint
from mcp_serving.toolbox import BeyondScopes
from mcp_wire import read_message
from structlog.testing import capture_logs

from tests.support.json_schema import check_instance
from tests.support.serving import call, request
from tests.support.serving_sample import BASE, EXTRA, SECRET, sample_toolbox

LEGACY = ["2025-11-25", "2025-06-18", "2025-03-26"]


async def post(body: Any, *scopes: str, version: str | None = None, beyond: BeyondScopes = BeyondScopes.SHOW) -> Any:
    endpoint = Endpoint(Operations(sample_toolbox(), beyond))
    caller = Caller("someone", None, frozenset(scopes or {BASE}))
    answer = await endpoint.answer(read_message(json.dumps(body).encode()), caller, Mirrors(version=version))
    return answer.status, json.loads(answer.body) if answer.body else None


async def result(body: Any, *scopes: str) -> Any:
    status, answer = await post(body, *scopes)
    assert status == 200, answer
    assert (answer["jsonrpc"], answer["id"]) == ("2.0", body["id"])
    return answer["result"]


async def error(body: Any, *scopes: str) -> tuple[int, int, str]:
    status, answer = await post(body, *scopes)
    assert answer["id"] == body["id"]
    return status, answer["error"]["code"], answer["error"]["message"]


@pytest.mark.covers("M2")
@pytest.mark.parametrize("version", LEGACY)
async def test_initialize_echoes_a_version_that_is_supported(version: str) -> None:
    answer = await result(request("initialize", {"protocolVersion": version, "capabilities": {}}))
    assert answer["protocolVersion"] == version
    assert answer["serverInfo"] == {"name": "sample", "title": "Sample", "version": "1.2.3"}
    assert answer["capabilities"] == {"tools": {}}


@pytest.mark.covers("M2")
@pytest.mark.parametrize("version", ["2024-11-05", "2026-07-28", "", 7, None, [], {}])
async def test_initialize_answers_any_other_version_with_the_newest_legacy_one(version: Any) -> None:
    assert (await result(request("initialize", {"protocolVersion": version})))["protocolVersion"] == LEGACY[0]


@pytest.mark.covers("M2")
async def test_ping_is_answered_with_an_empty_object() -> None:
    assert await result(request("ping", id="p")) == {}


@pytest.mark.covers("M2", "M9")
@pytest.mark.parametrize("method", ["notifications/initialized", "notifications/cancelled", "tools/call", "anything"])
async def test_a_notification_is_accepted_without_a_body(method: str) -> None:
    assert await post({"jsonrpc": "2.0", "method": method}) == (202, None)


async def test_a_response_is_accepted_without_a_body() -> None:
    assert await post({"jsonrpc": "2.0", "id": 1, "result": {}}) == (202, None)


@pytest.mark.covers("M2")
@pytest.mark.parametrize("version", [None, *LEGACY])
async def test_a_header_of_a_legacy_version_or_none_is_served(version: str | None) -> None:
    assert (await post(request("ping"), version=version))[0] == 200


@pytest.mark.covers("M2")
@pytest.mark.parametrize("version", ["2024-11-05", "", "2025-11-25,2025-06-18", "latest"])
async def test_a_header_of_an_unsupported_version_is_answered_400(version: str) -> None:
    status, answer = await post(request("ping"), version=version)
    assert (status, answer["id"]) == (400, 1)
    assert answer["error"]["data"] == {"supported": ["2026-07-28", *LEGACY], "requested": version}


async def test_a_legacy_request_may_have_meta_of_its_own() -> None:
    assert await result(request("ping", {"_meta": {"progressToken": 1}})) == {}


@pytest.mark.covers("M7")
async def test_a_result_is_structured_and_the_same_as_text() -> None:
    answer = await result(call("greet", name="Zoë", times=2))
    assert answer["structuredContent"] == {"text": "hello, hello Zoë (warm)"}
    assert json.loads(answer["content"][0]["text"]) == answer["structuredContent"]
    assert answer["isError"] is False


@pytest.mark.covers("M7")
@pytest.mark.parametrize(
    ("name", "arguments"),
    [("greet", {"name": "a"}), ("read", {}), ("measure", {"degrees": 1.5, "person": {"name": "a"}})],
)
async def test_a_result_conforms_to_the_output_schema(name: str, arguments: dict[str, Any]) -> None:
    tools = (await result(request("tools/list")))["tools"]
    schema = next(tool["outputSchema"] for tool in tools if tool["name"] == name)
    check_instance((await result(call(name, **arguments)))["structuredContent"], schema)


@pytest.mark.covers("M7")
@pytest.mark.parametrize(
    ("body", "told"),
    [
        (call("greet"), '"name" is missing'),
        (call("greet", name="a", x=1), 'no argument "x"'),
        (call("fail"), "use another"),
    ],
)
async def test_a_failure_is_a_result_that_the_model_can_act_on(body: Any, told: str) -> None:
    answer = await result(body)
    assert answer["isError"] is True
    assert told in answer["content"][0]["text"]
    assert "structuredContent" not in answer


@pytest.mark.covers("M7")
@pytest.mark.parametrize(
    "params",
    [
        {"name": "nope"},
        {"name": "Greet"},
        {"name": "greet "},
        {"name": 1},
        {"name": None},
        {"name": ["greet"]},
        {},
        {"name": "greet", "arguments": None},
        {"name": "greet", "arguments": [1]},
        {"name": "greet", "arguments": "{}"},
    ],
)
async def test_an_unknown_tool_or_malformed_params_are_answered_32602(params: dict[str, Any]) -> None:
    assert (await error(request("tools/call", params)))[:2] == (200, -32602)


@pytest.mark.covers("M7")
@pytest.mark.parametrize("cursor", ["x", "", 0, {}])
async def test_a_cursor_is_answered_32602_as_none_is_ever_issued(cursor: Any) -> None:
    assert (await error(request("tools/list", {"cursor": cursor})))[:2] == (200, -32602)
    assert "nextCursor" not in await result(request("tools/list"))


@pytest.mark.parametrize("method", ["resources/list", "server/discover", "Tools/List", "__init__", "", "rpc.x"])
async def test_an_unknown_method_is_answered_32601(method: str) -> None:
    assert (await error(request(method)))[:2] == (200, -32601)


@pytest.mark.parametrize("name", ["caller", "self", "params", "request", "context", "", "a b", "é"])
@pytest.mark.parametrize("method", ["ping", "initialize", "tools/list"])
async def test_params_may_have_any_name(method: str, name: str) -> None:
    await result(request(method, {name: 1}))


@pytest.mark.covers("S19")
async def test_an_unforeseen_exception_is_logged_and_not_told() -> None:
    with capture_logs() as logs:
        status, answer = await post(call("crash"))
    assert (status, answer["error"]["code"]) == (200, -32603)
    assert SECRET not in json.dumps(answer)
    assert [line["event"] for line in logs] == ["method_failed"]


@pytest.mark.covers("W3", "S14")
@pytest.mark.parametrize(
    "scopes",
    [
        ["other"],
        [BASE.upper()],
        [BASE + ":"],
        [BASE + ":extra:more"],
        ["mcp"],
        ["mcp:*"],
        [f"{BASE},{EXTRA}"],
        [EXTRA],
        ["mcp:s\u0430mple"],
    ],
)
@pytest.mark.parametrize("body", [call("greet", name="a"), request("initialize"), request("tools/list"), call("nope")])
async def test_without_exactly_the_servers_scope_every_request_is_refused(body: Any, scopes: list[str]) -> None:
    status, answer = await post(body, *scopes)
    assert (status, answer["id"], answer["error"]["code"]) == (403, 1, -32003)
    assert answer["error"]["data"] == {"missingScopes": [BASE]}


@pytest.mark.covers("W3")
async def test_a_notification_without_the_servers_scope_is_refused() -> None:
    assert (await post({"jsonrpc": "2.0", "method": "notifications/initialized"}, "other"))[0] == 403


@pytest.mark.covers("W3", "S14")
@pytest.mark.parametrize("extra", ["", EXTRA.upper(), EXTRA + "x", EXTRA[:-1], "mcp:sample:*"])
async def test_a_tools_further_scope_is_needed_and_named(extra: str) -> None:
    status, answer = await post(call("secret"), BASE, extra)
    assert (status, answer["error"]["code"]) == (403, -32003)
    assert answer["error"]["message"] == f"the token lacks the scope: {EXTRA}"
    assert (await result(call("secret"), BASE, EXTRA))["isError"] is False


@pytest.mark.covers("M8")
async def test_hidden_tools_are_refused_when_called() -> None:
    status, _ = await post(call("secret"), beyond=BeyondScopes.HIDE)
    assert status == 403
    _, answer = await post(request("tools/list"), beyond=BeyondScopes.HIDE)
    assert "secret" not in [tool["name"] for tool in answer["result"]["tools"]]
