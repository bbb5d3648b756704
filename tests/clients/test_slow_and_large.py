"""A tool that thinks for more than a minute, and one that answers eight mebibytes: more than much on the way allows.

All calls are made at once, so that the suite waits once.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.support.mcp import CALCULATOR, bearer, tool_call
from tests.support.recorder import RecordingGateway
from tests.support.serving_behind_envoy import BIG, COUNT, slow_gateway
from tests.support.stack import Stack

SECONDS = 65  # more than the 60 s for which a stream may be idle where a route does not say otherwise
SIZE = 2 << 20  # characters of two bytes each, and a result has them twice: structured and as text
ACCEPT = ("application/json", "text/event-stream")


@pytest.fixture(scope="module")
def slow(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordingGateway]:
    with slow_gateway(stack, tmp_path_factory.mktemp("slow")) as gateway:
        yield gateway


def call(slow: RecordingGateway, token: str, accept: str, http2: bool, tool: str, **arguments: float) -> httpx.Response:
    with slow.client(http2=http2, timeout=SECONDS + 30) as client:
        headers = {"Accept": accept, **bearer(token)}
        return client.post(CALCULATOR, json=tool_call(tool, **arguments), headers=headers)


def result(answer: httpx.Response) -> str:
    assert answer.status_code == 200
    message = json.loads(answer.text.rsplit("data: ", maxsplit=1)[-1])
    return str(message["result"]["structuredContent"]["text"])


@pytest.mark.covers("M6", "M9")
def test_a_tool_may_think_for_a_minute_in_silence_and_in_a_stream(slow: RecordingGateway) -> None:
    token = slow.stack.token("mcp:calculator")
    asked = [(accept, http2) for accept in ACCEPT for http2 in (False, True)]
    with ThreadPoolExecutor(len(asked)) as pool:
        answers = list(pool.map(lambda one: call(slow, token, one[0], one[1], COUNT, to=1, pause=SECONDS), asked))
    assert [result(answer) for answer in answers] == ["counted to 1"] * len(asked)
    assert [": keep-alive" in answer.text for answer in answers] == [accept == ACCEPT[1] for accept, _ in asked]


@pytest.mark.covers("S9", "M7")
@pytest.mark.parametrize("http2", [False, True], ids=["HTTP/1.1", "HTTP/2"])
@pytest.mark.parametrize("accept", ACCEPT)
def test_a_result_of_eight_mebibytes_arrives_whole(slow: RecordingGateway, accept: str, http2: bool) -> None:
    answer = call(slow, slow.stack.token("mcp:calculator"), accept, http2, BIG, size=SIZE)
    assert answer.headers["content-type"].startswith(accept)
    assert len(answer.content) > 8 << 20
    assert result(answer) == "é" * SIZE
