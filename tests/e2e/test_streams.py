"""Calls that take their time, through Envoy: what is streamed arrives as it is written, and who leaves is missed."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.mcp import CALCULATOR, bearer
from tests.support.recorder import RecordingGateway
from tests.support.runner import eventually
from tests.support.serving import call, mirrors, modern
from tests.support.serving_behind_envoy import BIG, COUNT, WAIT, slow_gateway
from tests.support.stack import Stack

pytestmark = pytest.mark.native("the slow server listens on this host's loopback")
BOTH = "application/json, text/event-stream"
PROTOCOLS = pytest.mark.parametrize("http2", [False, True], ids=["HTTP/1.1", "HTTP/2"])


@pytest.fixture(scope="module")
def slow(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordingGateway]:
    with slow_gateway(stack, tmp_path_factory.mktemp("slow")) as gateway:
        yield gateway


@contextmanager
def posted(slow: RecordingGateway, body: dict[str, Any], http2: bool, accept: str = BOTH) -> Iterator[httpx.Response]:
    headers = {"Accept": accept, **bearer(slow.stack.token("mcp:calculator")), **mirrors(body)}
    with (
        slow.client(http2=http2, timeout=30) as client,
        client.stream("POST", CALCULATOR, json=body, headers=headers) as response,
    ):
        yield response


def waiting(folder: Path) -> tuple[dict[str, Any], Path, Path]:
    started, until = folder / "started", folder / "until"
    return modern(call(WAIT, started=str(started), until=str(until))), started, until


@PROTOCOLS
def test_comments_and_the_result_arrive_as_they_are_written(
    slow: RecordingGateway, http2: bool, tmp_path: Path
) -> None:
    body, _, until = waiting(tmp_path)
    with posted(slow, body, http2) as response:
        lines = response.iter_lines()
        assert [next(lines) for _ in range(4)] == [": keep-alive", "", ": keep-alive", ""]
        until.touch()  # only now can the tool end: what came before was not held back
        data = next(line for line in lines if line.startswith("data: "))
    assert json.loads(data.removeprefix("data: "))["result"]["structuredContent"] == {"text": "finished"}


@PROTOCOLS
def test_progress_arrives_before_the_result(slow: RecordingGateway, http2: bool) -> None:
    with posted(slow, modern(call(COUNT, to=3, pause=0.1), progressToken="t"), http2) as response:
        events = [json.loads(line[6:]) for line in response.iter_lines() if line.startswith("data: ")]
    assert [event["params"]["progress"] for event in events[:-1]] == [1, 2, 3]
    assert events[-1]["result"]["structuredContent"] == {"text": "counted to 3"}


@pytest.mark.covers("M9")
@PROTOCOLS
def test_a_client_that_leaves_in_mid_stream_cancels_the_tool_behind_envoy(
    slow: RecordingGateway, http2: bool, tmp_path: Path
) -> None:
    body, started, _ = waiting(tmp_path)
    with posted(slow, body, http2) as response:
        assert next(response.iter_lines()) == ": keep-alive"
    eventually(started.with_suffix(".cancelled").exists)


@pytest.mark.covers("M9")
@PROTOCOLS
def test_a_client_that_gives_up_waiting_for_json_cancels_the_tool_behind_envoy(
    slow: RecordingGateway, http2: bool, tmp_path: Path
) -> None:
    body, started, _ = waiting(tmp_path)
    headers = {"Accept": "application/json", **bearer(slow.stack.token("mcp:calculator")), **mirrors(body)}
    with slow.client(http2=http2, timeout=2) as client, pytest.raises(httpx.ReadTimeout):
        client.post(CALCULATOR, json=body, headers=headers)
    eventually(started.with_suffix(".cancelled").exists)


@PROTOCOLS
@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
def test_a_result_of_several_mebibytes_arrives_whole(slow: RecordingGateway, http2: bool, accept: str) -> None:
    size = 2 * 1024 * 1024
    with posted(slow, modern(call(BIG, size=size)), http2, accept) as response:
        text = response.read().decode()
    assert response.headers["Content-Type"].startswith(accept)
    answer = json.loads(text if accept == "application/json" else text.partition("data: ")[2])
    assert answer["result"]["structuredContent"] == {"text": "é" * size}


@pytest.mark.covers("M3", "S12")
def test_headers_that_name_another_tool_than_the_body_are_refused_by_the_gateway(slow: RecordingGateway) -> None:
    body = modern(call(COUNT, to=1))
    good = [*mirrors(body).items(), *bearer(slow.stack.token("mcp:calculator")).items()]
    with slow.client() as client:
        assert client.post(CALCULATOR, json=body, headers=good).status_code == 200
        for further in (("Mcp-Name", COUNT), ("Mcp-Name", "power"), ("Mcp-Method", "tools/list")):
            refused = client.post(CALCULATOR, json=body, headers=[*good, further])
            assert (refused.status_code, refused.json()["error"]["code"]) == (400, -32020)
            assert refused.headers["Cache-Control"] == "no-store"  # as the authorizer says, and the server does not
