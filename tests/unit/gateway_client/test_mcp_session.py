"""What the session sends, and what it makes of a server's answers."""

import json
from collections.abc import Callable
from typing import Any, TypeVar

import httpx
import pytest
from gateway.client.errors import CallFailed, ClientError, Refused, TryLater
from gateway.client.mcp_session import McpSession

Result = TypeVar("Result")
URL = "https://gateway.example/mcp/weather"
INITIALIZED = {"protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": {"name": "fake", "version": "1"}}


class FakeMcpServer:
    """Answers each method with the next of its results; writes down what it was sent."""

    def __init__(self, *results: tuple[str, dict[str, Any]], **headers: str) -> None:
        self.results = [("initialize", {"result": INITIALIZED}), *results]
        self.headers = {k.replace("_", "-"): v for k, v in headers.items()}
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        message = json.loads(request.content) if request.content else {}
        if "id" not in message:
            return httpx.Response(202)
        method, answer = self.results.pop(0)
        assert message["method"] == method
        return httpx.Response(200, json={"jsonrpc": "2.0", "id": message["id"], **answer}, headers=self.headers)


def using(server: Callable[[httpx.Request], httpx.Response], use: Callable[[McpSession], Result]) -> Result:
    with httpx.Client(transport=httpx.MockTransport(server)) as http, McpSession(http, URL, "the-token") as session:
        return use(session)


@pytest.mark.covers("M2")
def test_conversation_begins_with_initialize_and_its_notification() -> None:
    server = FakeMcpServer()
    using(server, lambda _: None)
    assert [json.loads(r.content)["method"] for r in server.requests] == ["initialize", "notifications/initialized"]
    assert {r.headers["authorization"] for r in server.requests} == {"Bearer the-token"}
    assert server.requests[1].headers["mcp-protocol-version"] == "2025-11-25"


@pytest.mark.covers("M6")
def test_session_id_is_sent_back_and_ended() -> None:
    server = FakeMcpServer(("tools/list", {"result": {"tools": []}}), mcp_session_id="s1")
    using(server, lambda session: session.tools())
    assert [r.headers.get("mcp-session-id") for r in server.requests] == [None, "s1", "s1", "s1"]
    assert server.requests[-1].method == "DELETE"


def test_tools_are_listed_over_all_pages() -> None:
    first = {"tools": [{"name": "a", "inputSchema": {"type": "object"}}], "nextCursor": "2"}
    server = FakeMcpServer(("tools/list", {"result": first}), ("tools/list", {"result": {"tools": [{"name": "b"}]}}))
    assert [tool.name for tool in using(server, lambda session: session.tools())] == ["a", "b"]
    assert json.loads(server.requests[-1].content)["params"] == {"cursor": "2"}


def test_list_without_end_is_given_up() -> None:
    page = ("tools/list", {"result": {"tools": [], "nextCursor": "again"}})
    with pytest.raises(CallFailed, match="without end"):
        using(FakeMcpServer(*[page] * 200), lambda session: session.tools())


@pytest.mark.covers("M7")
def test_error_of_the_tool_is_a_result() -> None:
    result = {"content": [{"type": "text", "text": "too big"}, {"type": "image"}], "isError": True}
    server = FakeMcpServer(("tools/call", {"result": result}))
    answer = using(server, lambda session: session.call("power", {"a": 1}))
    assert (answer.text, answer.is_error, answer.raw) == ("too big\n[image]", True, result)


def test_json_rpc_error_is_told_with_its_code() -> None:
    server = FakeMcpServer(("tools/call", {"error": {"code": -32602, "message": "Unknown tool"}}))
    with pytest.raises(CallFailed, match="-32602: Unknown tool"):
        using(server, lambda session: session.call("x", {}))


@pytest.mark.covers("S19")
def test_control_characters_in_a_servers_error_do_not_reach_the_terminal() -> None:
    server = FakeMcpServer(("tools/call", {"error": {"code": -32602, "message": "no\x1b[2J\nsuch"}}))
    with pytest.raises(CallFailed) as failed:
        using(server, lambda session: session.call("x", {}))
    assert str(failed.value).isprintable()


def test_answer_as_an_event_stream_is_read() -> None:
    answer = json.dumps({"jsonrpc": "2.0", "id": 1, "result": INITIALIZED}, indent=1)
    data = "".join(f"data: {line}\r\n" for line in answer.splitlines())
    progress = 'data: {"jsonrpc":"2.0","method":"notifications/progress"}\r\n\r\n'
    text = f": hello\r\n\r\nevent: message\r\n{progress}{data}\r\n"
    response = httpx.Response(200, text=text, headers={"content-type": "text/event-stream"})
    using(lambda request: response if b'"id"' in request.content else httpx.Response(202), lambda _: None)


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"id": 1}),
        httpx.Response(200, json={"id": 2, "result": {}}),
        httpx.Response(202),
    ],
)
def test_answer_that_is_not_mcp_is_told(response: httpx.Response) -> None:
    with pytest.raises(CallFailed, match="gave no MCP answer to initialize"):
        using(lambda _: response, lambda _: None)


@pytest.mark.parametrize(("status", "kind"), [(401, Refused), (403, Refused), (429, TryLater), (503, TryLater)])
def test_refusal_of_the_gateway_is_raised(status: int, kind: type[ClientError]) -> None:
    with pytest.raises(kind, match=str(status)):
        using(lambda _: httpx.Response(status), lambda _: None)


def test_gateway_that_does_not_answer_is_told() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("Connection refused", request=request)

    with pytest.raises(TryLater, match=r"does not answer \(Connection refused\)"):
        using(refuse, lambda _: None)
