"""The endpoint over real HTTP."""

import io
import json
from collections.abc import AsyncIterator

import pytest
from mcp_serving import ServerSettings, make_app
from mcp_serving.access_log import AccessLog
from mcp_serving.body import MAX_BODY_BYTES

from tests.support.serving import McpClient, call, caller, request, serving
from tests.support.serving_sample import BASE, sample_toolbox


@pytest.fixture
async def client() -> AsyncIterator[McpClient]:
    async with serving(make_app(sample_toolbox(), ServerSettings()), [BASE]) as client:
        yield client


@pytest.mark.covers("W1", "C1")
async def test_a_tool_call_is_answered(client: McpClient) -> None:
    result = await client.result("tools/call", {"name": "greet", "arguments": {"name": "you"}})
    assert result["structuredContent"] == {"text": "hello you (warm)"}


@pytest.mark.covers("M2")
async def test_a_notification_is_answered_202_with_an_empty_body(client: McpClient) -> None:
    assert await client.post({"jsonrpc": "2.0", "method": "notifications/initialized"}) == (202, None)


@pytest.mark.covers("M5")
async def test_a_batch_is_answered_400(client: McpClient) -> None:
    status, answer = await client.post([request("ping"), request("ping", id=2)])
    assert (status, answer["id"], answer["error"]["code"]) == (400, None, -32600)


@pytest.mark.covers("M6")
@pytest.mark.parametrize("method", ["GET", "DELETE", "HEAD", "PUT", "PATCH", "OPTIONS", "TRACE"])
async def test_any_method_but_post_is_answered_405_with_allow(client: McpClient, method: str) -> None:
    async with client.session.request(method, client.url, headers={"Accept": "text/event-stream"}) as response:
        assert (response.status, response.headers["Allow"]) == (405, "POST")


@pytest.mark.covers("M6")
async def test_session_and_resumption_headers_are_ignored(client: McpClient) -> None:
    status, _ = await client.post(request("ping"), Mcp_Session_Id="gone", Last_Event_ID="7")
    assert status == 200


@pytest.mark.covers("S7", "S11")
@pytest.mark.parametrize(
    "host", ["rebind.evil.example", "localhost.evil.example", "[x", "", "127.0.0.1.evil.example:80"]
)
async def test_a_page_that_points_its_own_name_here_is_answered_421(client: McpClient, host: str) -> None:
    status, answer = await client.post(request("ping"), Host=host)
    assert (status, answer["error"]["code"]) == (421, -32600)


@pytest.mark.covers("S11")
@pytest.mark.parametrize("host", ["localhost:8001", "127.0.0.1", "[::1]:8001", "Sample", "other.example"])
async def test_the_server_answers_to_its_own_names_and_those_that_it_is_given(host: str) -> None:
    settings = ServerSettings(allowed_hosts="x.example, Other.Example")
    async with serving(make_app(sample_toolbox(), settings), [BASE]) as client:
        assert (await client.post(request("ping"), Host=host))[0] == 200


@pytest.mark.covers("M2")
async def test_an_unsupported_version_header_is_answered_400(client: McpClient) -> None:
    assert (await client.post(request("ping"), MCP_Protocol_Version="2024-11-05"))[0] == 400
    assert (await client.post(request("ping"), MCP_Protocol_Version="2025-06-18"))[0] == 200


@pytest.mark.covers("R4")
@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", "json", ""]
)
async def test_another_media_type_is_answered_415(client: McpClient, content_type: str) -> None:
    assert (await client.post(request("ping"), Content_Type=content_type))[0] == 415


async def test_a_compressed_body_is_answered_415_and_not_unpacked(client: McpClient) -> None:
    assert (await client.post(request("ping"), Content_Encoding="gzip"))[0] == 415


@pytest.mark.covers("R4", "S9")
async def test_a_body_over_the_limit_is_answered_413(client: McpClient) -> None:
    longest = json.dumps(request("ping")).encode().ljust(MAX_BODY_BYTES)
    assert (await client.post(longest))[0] == 200
    status, answer = await client.post(longest + b" ")
    assert (status, answer["error"]["code"]) == (413, -32600)


@pytest.mark.covers("S9")
async def test_a_chunked_body_over_the_limit_is_answered_413(client: McpClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(MAX_BODY_BYTES // 65536 + 2):
            yield b" " * 65536

    headers = {"Content-Type": "application/json", **caller(BASE)}
    async with client.session.post(client.url, data=chunks(), headers=headers) as response:
        assert response.status == 413


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/json, text/event-stream", "text/html"])
async def test_json_is_answered_to_who_does_not_insist_on_a_stream(client: McpClient, accept: str) -> None:
    assert (await client.post(request("ping"), Accept=accept))[0] == 200


async def test_a_client_that_accepts_only_a_stream_gets_one_event(client: McpClient) -> None:
    headers = {"Content-Type": "application/json", "Accept": "text/event-stream", **caller(BASE)}
    async with client.session.post(client.url, json=call("greet", name="é"), headers=headers) as response:
        assert response.content_type == "text/event-stream"
        event, data, *rest = (await response.text()).split("\n")
    assert (event, rest) == ("event: message", ["", ""])
    assert json.loads(data.removeprefix("data: "))["result"]["structuredContent"] == {"text": "hello é (warm)"}


@pytest.mark.covers("W3")
async def test_without_scopes_a_call_is_answered_403_naming_them(client: McpClient) -> None:
    status, answer = await client.post(call("greet", name="a"), X_User_Scopes="mcp:other")
    assert (status, answer["error"]["code"]) == (403, -32003)
    assert BASE in answer["error"]["message"]


async def test_health_needs_no_caller(client: McpClient) -> None:
    async with client.session.get(client.url + "health") as response:
        assert (response.status, await response.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("path", ["mcp", "health/", "health/x", ".well-known/x"])
async def test_there_is_nothing_at_other_paths(client: McpClient, path: str) -> None:
    async with client.session.post(client.url + path, json=request("ping")) as response:
        assert (response.status, response.content_type) == (404, "application/json")


@pytest.mark.covers("S19")
async def test_the_access_log_names_the_call_and_none_of_its_contents() -> None:
    stream = io.StringIO()
    app = make_app(sample_toolbox(), ServerSettings(), access_log=AccessLog("INFO", stream))
    async with serving(app, [BASE]) as client:
        headers = {"Content-Type": "application/json", "X-User-Email": "a@b.c", **caller(BASE, sub="u%0A1")}
        await client.session.post(client.url + "?token=secret", json=call("greet", name="private"), headers=headers)
    (text,) = stream.getvalue().splitlines()  # all of it is there when the server has ended
    line = json.loads(text)
    assert {key: line[key] for key in ("event", "method", "path", "status", "subject")} == {
        "event": "request",
        "method": "POST",
        "path": "/",
        "status": 200,
        "subject": "u\n1",
    }
    assert not any(word in text for word in ("secret", "private", "a@b.c", BASE))
