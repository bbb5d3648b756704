"""A conversation through the official SDK's client: in both eras, and with servers that misbehave."""

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest
from aiohttp import web
from gateway.client.errors import BadRequest, CallFailed, ClientError, Refused, TryLater
from gateway.client.http_watch import MAX_BYTES
from gateway.client.mcp_session import McpSession, Server, converse
from gateway.client.tools import CallResult, Tool
from gateway.runner.background import in_thread

from tests.support.ports import free_ports
from tests.support.scripted_mcp import DISCOVERED, INITIALIZED, Json, ScriptedServer, error, listing, refused
from tests.support.scripted_mcp import serving_script as serving

Result = TypeVar("Result")
TLS = ssl.create_default_context()


async def using(
    url: str, use: Callable[[McpSession], Awaitable[Result]], *, token: str | None = "the-token", seconds: float = 20
) -> Result:
    server = Server(url, TLS, token, use_proxies=False, timeout=seconds)
    return await in_thread(lambda _: converse(server, use))


async def tools(server: ScriptedServer, **options: Any) -> list[Tool]:
    return await using(server.url, McpSession.tools, **options)


async def call(server: ScriptedServer, name: str = "add", **arguments: Any) -> CallResult:
    return await using(server.url, lambda session: session.call(name, arguments))


@pytest.mark.covers("M1", "M3")
async def test_a_server_of_the_modern_era_gets_no_handshake() -> None:
    async with serving(server__discover=DISCOVERED, tools__list=listing("add")) as server:
        assert [tool.name for tool in await tools(server)] == ["add"]
    assert server.methods == ["server/discover", "tools/list"]
    request, message = server.seen[-1]
    assert request.headers["authorization"] == "Bearer the-token"
    assert request.headers["mcp-protocol-version"] == "2026-07-28"
    assert message["params"]["_meta"]["io.modelcontextprotocol/clientInfo"]["name"] == "mcp-gateway"


@pytest.mark.covers("M2")
@pytest.mark.parametrize("status", [200, 400, 404, 405, 500])
async def test_a_server_that_does_not_know_discovery_gets_the_handshake(status: int) -> None:
    no_such = web.json_response({"jsonrpc": "2.0", "id": 1, **error(-32601, "?")}, status=status)
    async with serving(server__discover=no_such, tools__list=listing("add")) as server:
        assert [tool.name for tool in await tools(server)] == ["add"]
    assert server.methods == ["server/discover", "initialize", "notifications/initialized", "tools/list"]
    assert server.seen[-1][0].headers["mcp-protocol-version"] == "2025-11-25"


@pytest.mark.covers("M6")
async def test_a_session_is_kept_and_ended() -> None:
    def opened(_: web.Request, message: Json) -> web.Response:
        body = {"jsonrpc": "2.0", "id": message["id"], "result": INITIALIZED}
        return web.json_response(body, headers={"Mcp-Session-Id": "s1"})

    async with serving(initialize=opened, tools__list=listing()) as server:
        assert await tools(server) == []
    assert server.methods[-1] == "DELETE"
    after = [request.headers.get("mcp-session-id") for request, _ in server.seen[2:]]
    assert set(after) == {"s1"}


async def test_an_end_of_the_session_that_fails_takes_nothing_from_the_answer() -> None:
    def opened(_: web.Request, message: Json) -> web.Response:
        body = {"jsonrpc": "2.0", "id": message["id"], "result": INITIALIZED}
        return web.json_response(body, headers={"Mcp-Session-Id": "s1"})

    async with serving(initialize=opened, tools__list=listing("add"), DELETE=refused(503)) as server:
        assert [tool.name for tool in await tools(server)] == ["add"]
        assert server.methods[-1] == "DELETE"


async def test_tools_are_listed_over_all_pages() -> None:
    def page(_: web.Request, message: Json) -> Json:
        return listing("b") if message["params"].get("cursor") == "2" else listing("a", nextCursor="2")

    async with serving(server__discover=DISCOVERED, tools__list=page) as server:
        assert [tool.name for tool in await tools(server)] == ["a", "b"]


async def test_a_list_without_end_is_given_up() -> None:
    async with serving(server__discover=DISCOVERED, tools__list=listing(nextCursor="again")) as server:
        with pytest.raises(CallFailed, match="without end"):
            await tools(server)
    assert server.methods.count("tools/list") == 100


@pytest.mark.covers("M7")
@pytest.mark.parametrize("discovered", [{"server__discover": DISCOVERED}, {}], ids=["modern", "older"])
async def test_a_result_is_kept_as_it_came(discovered: dict[str, Json]) -> None:
    content = [{"type": "text", "text": "too big"}, {"type": "image", "data": "", "mimeType": "image/png"}]
    result = {"content": content, "isError": True, "structuredContent": {"n": 10**30}, "resultType": "complete"}
    result |= {"of-its-own": 1.50}
    if not discovered:
        del result["resultType"]
    async with serving(tools__call={"result": result}, tools__list=listing("power"), **discovered) as server:
        answer = await call(server, "power", a=1)
    assert (answer.text, answer.is_error, answer.raw) == ("too big\n[image]", True, result)


async def test_a_result_that_is_not_as_its_schema_says_is_shown_all_the_same() -> None:
    page = listing()
    page["tools"] = [{"name": "add", "inputSchema": {"type": "object"}, "outputSchema": {"required": ["sum"]}}]
    result = {"content": [{"type": "text", "text": "3"}], "structuredContent": {}, "resultType": "complete"}
    async with serving(server__discover=DISCOVERED, tools__list=page, tools__call={"result": result}) as server:
        assert (await call(server)).text == "3"


async def test_a_tool_that_asks_for_more_is_told() -> None:
    asks = {"resultType": "input_required", "inputRequests": {}, "requestState": "x"}
    async with serving(server__discover=DISCOVERED, tools__call={"result": asks}) as server:
        with pytest.raises(CallFailed, match="add asks for more while it runs"):
            await call(server)


@pytest.mark.covers("S19")
async def test_an_error_of_the_server_is_told_in_one_line_with_its_code() -> None:
    async with serving(server__discover=DISCOVERED, tools__call=error(-32602, "no\x1b[2J\nsuch")) as server:
        with pytest.raises(CallFailed, match="The server answers -32602: no") as failed:
            await call(server)
    assert str(failed.value).isprintable()


async def test_an_answer_as_an_event_stream_is_read() -> None:
    async def stream(request: web.Request, message: Json) -> web.StreamResponse:
        answer = json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": listing("add")}, indent=1)
        progress = json.dumps(
            {
                "jsonrpc": "2.0",
                "method": "notifications/message",
                "params": {"level": "info", "data": "1"},
            }
        )
        data = "".join(f"data: {line}\r\n" for line in answer.splitlines())
        text = f": hello\r\n\r\nevent: message\r\ndata: {progress}\r\n\r\n{data}\r\n"
        return web.Response(text=text, content_type="text/event-stream")

    async with serving(server__discover=DISCOVERED, tools__list=stream) as server:
        assert [tool.name for tool in await tools(server)] == ["add"]


async def test_a_large_event_is_read() -> None:
    large = "x" * (3 * 2**20)  # the SDK's own bound is 1 MiB

    async def stream(request: web.Request, message: Json) -> web.StreamResponse:
        result = {"content": [{"type": "text", "text": large}], "resultType": "complete"}
        answer = json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result})
        return web.Response(text=f"data: {answer}\n\n", content_type="text/event-stream")

    async with serving(server__discover=DISCOVERED, tools__call=stream) as server:
        assert (await call(server)).text == large


@pytest.mark.parametrize(
    "nonsense",
    [
        lambda: web.Response(text="<html>", content_type="text/html"),
        lambda: web.Response(text="<html>", content_type="application/json"),
        lambda: web.json_response([]),
        lambda: web.json_response({"id": 1}),
        lambda: web.Response(status=202),
        lambda: web.Response(text="data: {}\n\n", content_type="text/event-stream"),
        lambda: web.Response(text="data: [\n\n", content_type="text/event-stream"),
        lambda: web.Response(text=": nothing\n\n", content_type="text/event-stream"),
        lambda: web.Response(status=308, headers={"Location": "https://elsewhere.example/mcp"}),
    ],
    ids=["html", "not json", "list", "no answer", "202", "no message", "cut event", "no event", "redirect"],
)
async def test_an_answer_that_is_not_mcp_is_told_in_one_line(
    nonsense: Callable[[], web.Response], capfd: pytest.CaptureFixture[str]
) -> None:
    async with serving(
        server__discover=lambda *_: nonsense(), initialize=lambda *_: nonsense(), tools__list=lambda *_: nonsense()
    ) as server:
        with pytest.raises(CallFailed, match="gave no MCP answer to initialize") as failed:
            await tools(server)
        server.answers |= {"server/discover": DISCOVERED}
        with pytest.raises(CallFailed, match="gave no MCP answer to tools/list"):
            await tools(server)
    assert str(failed.value).isprintable()
    assert capfd.readouterr().err == "", "the SDK's own log is not for a user"


@pytest.mark.parametrize("result", [{}, {"tools": 1}, {"tools": [{"name": 1}]}, {"tools": ["add"]}])
async def test_a_list_of_tools_that_is_none_is_told(result: Json) -> None:
    async with serving(server__discover=DISCOVERED, tools__list={"result": result}) as server:
        with pytest.raises(CallFailed, match="gave no MCP answer to tools/list"):
            await tools(server)


@pytest.mark.covers("R2", "R3", "S17")
@pytest.mark.parametrize(("status", "kind"), [(401, Refused), (403, Refused), (429, TryLater), (503, TryLater)])
async def test_a_refusal_is_raised_in_the_gateways_words_and_not_tried_again(
    status: int, kind: type[ClientError]
) -> None:
    headers = {"WWW_Authenticate": 'Bearer error="insufficient_scope", scope="mcp:a mcp:b"', "Retry_After": "7"}
    async with serving(server__discover=refused(status, "in words", **headers)) as server:
        with pytest.raises(kind, match=f'{status} "in words"') as failed:
            await tools(server)
    assert server.methods == ["server/discover"]
    said = failed.value
    assert not isinstance(said, TryLater) or said.retry_after == 7
    assert not isinstance(said, Refused) or said.needs == (("mcp:a", "mcp:b") if status == 403 else ())


@pytest.mark.parametrize("where", ["initialize", "notifications/initialized", "tools/list"])
async def test_a_refusal_in_the_middle_is_raised_too(where: str) -> None:
    async with serving(tools__list=listing("add")) as server:
        server.answers[where] = refused(503, "in words", Retry_After="7")
        with pytest.raises(TryLater, match="try again in 7 s"):
            await tools(server)


async def test_a_status_of_the_server_itself_is_raised() -> None:
    async with serving(server__discover=DISCOVERED, tools__call=refused(413, "too large")) as server:
        with pytest.raises(Refused, match='413 "too large"') as failed:
            await call(server)
    assert failed.value.status == 413


async def test_a_server_that_does_not_listen_is_told() -> None:
    (port,) = free_ports(1)
    with pytest.raises(TryLater, match=r"does not answer \(Connection refused\)"):
        await using(f"http://127.0.0.1:{port}/mcp", McpSession.tools)


@pytest.mark.covers("F13")
@pytest.mark.parametrize("drips", [False, True], ids=["silent", "dripping"])
async def test_a_server_that_does_not_come_to_an_end_is_left(drips: bool) -> None:
    async def endless(request: web.Request, _: Json) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        while True:
            if drips:
                await response.write(b": still here\n\n")
            await asyncio.sleep(0.05)

    async with serving(server__discover=DISCOVERED, tools__list=endless) as server:
        with pytest.raises(TryLater, match="not within 1 s"):
            await tools(server, seconds=1)


async def test_a_server_that_leaves_without_an_answer_is_told() -> None:
    async def leave(request: web.Request, _: Json) -> web.StreamResponse:
        assert request.transport
        request.transport.abort()
        return web.Response()

    async with serving(server__discover=DISCOVERED, tools__call=leave) as server:
        with pytest.raises(TryLater, match="does not answer"):
            await call(server)


@pytest.mark.parametrize("kind", ["application/json", "text/event-stream"])
async def test_an_answer_without_end_is_not_held_in_memory(kind: str) -> None:
    sent = 0

    async def flood(request: web.Request, _: Json) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse(headers={"Content-Type": kind})
        await response.prepare(request)
        while sent < 4 * MAX_BYTES:
            await response.write(b"x" * 2**20)
            sent += 2**20
        return response

    async with serving(server__discover=DISCOVERED, tools__list=flood) as server:
        with pytest.raises(CallFailed):
            await tools(server)
    assert sent < 2 * MAX_BYTES


async def test_an_answer_that_could_unpack_to_any_size_is_not_unpacked() -> None:
    packed = web.Response(body=b"\x1f\x8b", headers={"Content-Encoding": "gzip"}, content_type="application/json")
    async with serving(server__discover=packed) as server:
        with pytest.raises(CallFailed, match="compresses its answer"):
            await tools(server)
    assert server.seen[0][0].headers["accept-encoding"] == "identity"


async def test_an_error_of_the_user_of_the_conversation_comes_out_as_it_is() -> None:
    async def use(_: McpSession) -> None:
        raise BadRequest("no such tool")

    async with serving(server__discover=DISCOVERED) as server:
        with pytest.raises(BadRequest, match="no such tool"):
            await using(server.url, use)
