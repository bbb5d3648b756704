"""The MCP endpoint, without a socket, and the gateway before it: both read every accepted body alike."""

import asyncio
import functools
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from unittest.mock import Mock

from aiohttp import StreamReader, web
from aiohttp.http import HttpVersion11, RawRequestMessage
from ext_authz.verdict import Allow, Deny
from mcp_calculator.toolbox import calculator_toolbox
from mcp_serving import ServerSettings, Tool, Toolbox, make_app
from mcp_serving.body import MAX_BODY_BYTES
from mcp_wire import INTERNAL_ERROR
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from tests.fuzz.check import GOOD, require_sound
from tests.fuzz.spelled import Spelled, spelled

NOT_PASSED_ON = ("authorization", "cookie", "host", "content-length", "transfer-encoding", "expect", "connection")
STATUSES = {200, 202, 400, 403, 404, 405, 413, 415}


class Server:
    """The calculator, whose tools write down that they were called."""

    def __init__(self) -> None:
        self.called: list[str] = []
        plain = calculator_toolbox()
        toolbox = Toolbox(plain.info, scopes=plain.scopes, tools=[self._recording(tool) for tool in plain])
        self._protocol = Mock(_reading_paused=False, ssl_context=None)
        self._app = make_app(toolbox, ServerSettings())
        self._runner = asyncio.Runner()
        self._runner.run(self._start())

    def ask(self, text: Spelled, scopes: str) -> web.Response:
        """The answer to the text's headers and body, as the gateway passes them on for a caller with ``scopes``."""
        self.called.clear()
        return self._runner.run(self._ask(text, scopes))

    async def _start(self) -> None:
        self._app.freeze()

    async def _ask(self, text: Spelled, scopes: str) -> web.Response:
        kept = [(name, value) for name, value in text.headers if name not in NOT_PASSED_ON and "x-user" not in name]
        identity = [("host", "mcp-calculator"), ("x-user-sub", "user-1"), ("x-user-scopes", scopes)]
        body = StreamReader(self._protocol, 2**16)
        body.feed_data(text.body)
        body.feed_eof()
        request = self._request(text.method or "GET", CIMultiDict([*kept, *identity]), body)
        response = await self._app._handle(request)
        assert isinstance(response, web.Response), "none of these tools takes long enough for a stream"
        return response

    def _request(self, method: str, headers: CIMultiDict[str], body: StreamReader) -> web.Request:
        """As aiohttp's parser leaves it: bytes of a header beyond UTF-8 are surrogates."""
        message = RawRequestMessage(
            method, "/", HttpVersion11, CIMultiDictProxy(headers), (), False, None, False, False, URL("/")
        )
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task
        return web.Request(message, body, self._protocol, self._protocol, task, loop, client_max_size=MAX_BODY_BYTES)

    def _recording(self, tool: Tool) -> Tool:
        @functools.wraps(tool.function)
        def called(**arguments: Any) -> Any:
            self.called.append(tool.name)
            return tool.function(**arguments)

        return replace(tool, function=called)


@functools.cache
def server() -> Server:
    return Server()


def endpoint(data: bytes) -> None:
    """One text to the gateway and to the server behind it, which is asked even where the gateway refuses."""
    text = replace(spelled(data), resource="calculator")
    headers = [*text.headers, ("authorization", "Bearer abc")]
    verdict = require_sound(replace(text, headers=headers, introspection=None).check_request(), GOOD)
    response = server().ask(text, GOOD["scope"])
    require_answer(response)
    require_agreement(text, verdict, response)


def require_answer(response: web.Response) -> None:
    """A result or an error of JSON-RPC, or nothing where nothing is due."""
    assert response.status in STATUSES, response.status
    raw = response.body
    if not raw:
        assert response.status == web.HTTPAccepted.status_code
        return
    assert isinstance(raw, bytes)
    text = raw.decode()
    message = json.loads(text.removeprefix("event: message\ndata: "))
    assert message["jsonrpc"] == "2.0"
    assert ("result" in message) != ("error" in message)
    assert message.get("error", {}).get("code") != INTERNAL_ERROR, message


def require_agreement(text: Spelled, verdict: Allow | Deny, response: web.Response) -> None:
    """The tool that runs is the tool that was judged, by whatever reading."""
    called = server().called
    if isinstance(verdict, Deny):
        return  # the request would not have come here
    assert called in ([], [verdict.tool]), (called, verdict)
    if text.method != "POST":
        assert not called
        return
    for reading in READINGS:
        message = json.loads(text.body, object_pairs_hook=reading)
        tool = message.get("params", {}).get("name") if message.get("method") == "tools/call" else None
        assert tool == verdict.tool, (reading, tool, verdict)


def _first(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(reversed(pairs))


def _last(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(pairs)


def _folded(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """As Go's encoding/json has it: names are compared without their case, and the last counts."""
    known = {"method", "params", "name"}
    return {name.casefold() if name.casefold() in known else name: value for name, value in pairs}


READINGS: tuple[Callable[[list[tuple[str, Any]]], dict[str, Any]], ...] = (_first, _last, _folded)
