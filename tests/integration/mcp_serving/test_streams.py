"""Answers as event streams over real HTTP: progress, silence that is filled, and clients that leave."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from mcp_serving import ServerSettings, make_app

from tests.support.serving import McpClient, call, caller, mirrors, modern, serving
from tests.support.serving_sample import BASE, SECRET, sample_toolbox

BOTH = "application/json, text/event-stream"
TOKEN = {"_meta": {"progressToken": "t"}}
ERAS = pytest.mark.parametrize("era", ["legacy", "modern"])


def with_token(era: str, tool: str, **arguments: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """A call that asks for progress, and the headers of its era."""
    body = call(tool, **arguments)
    if era == "modern":
        return modern(body, progressToken="t"), mirrors(body)
    return {**body, "params": {**body["params"], **TOKEN}}, {"MCP-Protocol-Version": "2025-11-25"}


@asynccontextmanager
async def posted(
    client: McpClient, body: Any, headers: dict[str, str], accept: str = BOTH
) -> AsyncIterator[aiohttp.ClientResponse]:
    sent = {"Content-Type": "application/json", "Accept": accept, **caller(BASE), **headers}
    async with client.session.post(client.url, data=json.dumps(body), headers=sent) as response:
        yield response


def messages(stream: str) -> list[Any]:
    """The messages of an event stream, whose comments count for nothing."""
    events = [event for event in stream.split("\n\n") if event and not event.startswith(":")]
    assert all(event.startswith("event: message\ndata: ") for event in events)
    return [json.loads(event.removeprefix("event: message\ndata: ")) for event in events]


@pytest.fixture
async def client() -> AsyncIterator[McpClient]:
    async with serving(make_app(sample_toolbox(), ServerSettings(), keep_alive_seconds=0.2), [BASE]) as client:
        yield client


async def exists(path: Path) -> None:
    async with asyncio.timeout(10):
        while not path.exists():  # noqa: ASYNC110, ASYNC240 - a tool makes it
            await asyncio.sleep(0.01)


@ERAS
async def test_progress_comes_before_the_result_and_increases(client: McpClient, era: str) -> None:
    async with posted(client, *with_token(era, "count", to=4, pause=0.1)) as response:
        assert (response.status, response.content_type) == (200, "text/event-stream")
        assert response.headers["X-Accel-Buffering"] == "no"
        *notes, answer = messages(await response.text())
    assert [note["method"] for note in notes] == ["notifications/progress"] * len(notes)
    told = [note["params"] for note in notes]
    assert told[0] == {"progressToken": "t", "progress": 1, "total": 4, "message": "at 1"}
    assert [params["progress"] for params in told] == [1, 2, 3, 4]
    assert (answer["id"], answer["result"]["structuredContent"]) == (1, {"text": "counted to 4"})


@ERAS
async def test_a_client_that_accepts_json_alone_gets_the_result_alone(client: McpClient, era: str) -> None:
    async with posted(client, *with_token(era, "count", to=2, pause=0.01), accept="application/json") as response:
        assert response.content_type == "application/json"
        assert (await response.json())["result"]["structuredContent"] == {"text": "counted to 2"}


@ERAS
async def test_a_client_that_accepts_a_stream_alone_gets_one(client: McpClient, era: str) -> None:
    async with posted(client, *with_token(era, "greet", name="é"), accept="text/event-stream") as response:
        assert response.content_type == "text/event-stream"
        (answer,) = messages(await response.text())
    assert answer["result"]["structuredContent"] == {"text": "hello é (warm)"}


async def test_who_asks_for_no_progress_and_waits_little_gets_json(client: McpClient) -> None:
    body = modern(call("count", to=2))
    async with posted(client, body, mirrors(body)) as response:
        assert response.content_type == "application/json"


@ERAS
async def test_a_silent_tool_is_kept_alive_by_comments_until_it_answers(
    client: McpClient, era: str, tmp_path: Path
) -> None:
    started, until = tmp_path / "started", tmp_path / "until"
    async with posted(client, *with_token(era, "wait", started=str(started), until=str(until))) as response:
        assert response.content_type == "text/event-stream"
        for _ in range(3):
            assert await response.content.readline() == b": keep-alive\n"
            assert await response.content.readline() == b"\n"
        until.touch()
        (answer,) = messages((await response.content.read()).decode())
    assert answer["result"]["structuredContent"] == {"text": "finished"}


@pytest.mark.covers("S19")
async def test_a_tool_that_crashes_after_the_stream_began_is_told_of_in_the_stream(client: McpClient) -> None:
    async with posted(client, *with_token("modern", "falter")) as response:
        assert (response.status, response.content_type) == (200, "text/event-stream")
        text = await response.text()
    note, answer = messages(text)
    assert (note["method"], answer["id"], answer["error"]["code"]) == ("notifications/progress", 1, -32603)
    assert SECRET not in text


@ERAS
@pytest.mark.parametrize("accept", ["application/json", "text/event-stream", BOTH])
async def test_a_result_of_several_mebibytes_arrives_whole(client: McpClient, era: str, accept: str) -> None:
    size = 3 * 1024 * 1024  # of two bytes each, and once more as text
    async with posted(client, *with_token(era, "big", size=size), accept=accept) as response:
        text = await response.text()
    answer = json.loads(text) if response.content_type == "application/json" else messages(text)[0]
    assert answer["result"]["structuredContent"]["text"] == "é" * size


@pytest.mark.covers("M9")
@ERAS
async def test_a_client_that_leaves_in_mid_stream_takes_its_call_with_it(
    client: McpClient, era: str, tmp_path: Path
) -> None:
    started, until = tmp_path / "started", tmp_path / "until"
    async with posted(client, *with_token(era, "wait", started=str(started), until=str(until))) as response:
        assert await response.content.readline() == b": keep-alive\n"
        response.close()
    await exists(started.with_suffix(".cancelled"))


@pytest.mark.covers("M9")
@pytest.mark.parametrize("accept", ["application/json", BOTH])
async def test_a_client_that_leaves_before_anything_was_written_does_too(
    client: McpClient, accept: str, tmp_path: Path
) -> None:
    started, until = tmp_path / "started", tmp_path / "until"
    body, headers = with_token("modern", "wait", started=str(started), until=str(until))

    async def post() -> None:
        async with posted(client, body, headers, accept):
            raise AssertionError("it answers nothing")

    posting = asyncio.create_task(post())
    await exists(started)
    posting.cancel()
    await exists(started.with_suffix(".cancelled"))


@pytest.mark.covers("M9")
@ERAS
async def test_a_cancelled_notification_is_accepted_and_cancels_nothing(
    client: McpClient, era: str, tmp_path: Path
) -> None:
    started, until = tmp_path / "started", tmp_path / "until"
    body, headers = with_token(era, "wait", started=str(started), until=str(until))
    async with posted(client, body, headers) as response:
        note = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}
        named = {"MCP-Protocol-Version": headers["MCP-Protocol-Version"]}
        async with posted(client, note, named) as accepted:
            assert (accepted.status, await accepted.read()) == (202, b"")
        until.touch()
        *_, answer = messages((await response.content.read()).decode())
    assert answer["result"]["structuredContent"] == {"text": "finished"}


@pytest.mark.covers("M3")
async def test_a_refusal_keeps_its_status_whatever_the_client_accepts(client: McpClient) -> None:
    body = modern(call("greet", name="a"))
    for accept in ("application/json", "text/event-stream", BOTH):
        async with posted(client, body, {**mirrors(body), "Mcp-Name": "secret"}, accept) as response:
            assert (response.status, (await response.json())["error"]["code"]) == (400, -32020)


@pytest.mark.covers("M3")
@pytest.mark.parametrize("name", ["MCP-Protocol-Version", "Mcp-Method", "Mcp-Name"])
async def test_a_header_that_comes_twice_is_refused_even_if_both_agree(client: McpClient, name: str) -> None:
    body = modern(call("greet", name="a"))
    once = {"Content-Type": "application/json", **caller(BASE), **mirrors(body)}
    twice = [*once.items(), (name, once[name])]
    async with client.session.post(client.url, data=json.dumps(body), headers=twice) as response:
        assert (response.status, (await response.json())["error"]["code"]) == (400, -32020)
