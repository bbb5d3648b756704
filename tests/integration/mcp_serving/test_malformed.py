"""Whatever bytes are posted, the answer is a JSON-RPC message and never a 5xx."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp_serving import ServerSettings, make_app

from tests.support.serving import ENVELOPE, MODERN, serving
from tests.support.serving_sample import BASE, sample_toolbox

MALFORMED = {
    "empty": b"",
    "not JSON": b"{",
    "deep": b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
    "duplicate key": b'{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/list"}',
    "duplicate key inside": b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":1,"a":2}}',
    "huge integer": b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":' + b"9" * 5000 + b"}}",
    "huge exponent": b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":1e99999999999999999999}}',
    "NaN": b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":NaN}}',
    "Infinity": b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":-Infinity}}',
    "lone surrogate": rb'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"\ud800"}}',
    "invalid UTF-8": b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"\xff"}}',
    "BOM": b'\xef\xbb\xbf{"jsonrpc":"2.0","id":1,"method":"ping"}',
    "UTF-16": '{"jsonrpc":"2.0","id":1,"method":"ping"}'.encode("utf-16"),
    "empty batch": b"[]",
    "scalar": b"1",
    "null id": b'{"jsonrpc":"2.0","id":null,"method":"ping"}',
    "fractional id": b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}',
    "bool id": b'{"jsonrpc":"2.0","id":true,"method":"ping"}',
    "object id": b'{"jsonrpc":"2.0","id":{},"method":"ping"}',
    "no version": b'{"id":1,"method":"ping"}',
    "version 1": b'{"jsonrpc":"1.0","id":1,"method":"ping"}',
    "method number": b'{"jsonrpc":"2.0","id":1,"method":1}',
    "params list": b'{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}',
    "params text": b'{"jsonrpc":"2.0","id":1,"method":"ping","params":"x"}',
    "nothing": b"{}",
}


@pytest.mark.covers("S12", "M5")
async def test_a_malformed_body_is_answered_400_with_a_json_rpc_error() -> None:
    async with serving(make_app(sample_toolbox(), ServerSettings()), [BASE]) as client:
        for name, body in MALFORMED.items():
            status, answer = await client.post(body)
            assert status == 400, name
            assert answer["error"]["code"] in {-32700, -32600}, name


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
PARAMS = st.fixed_dictionaries(
    {},
    optional={
        "name": JSON | st.sampled_from(["greet", "measure", "read", "nope"]),
        "arguments": JSON | st.fixed_dictionaries({"name": JSON}, optional={"times": JSON, "degrees": JSON}),
        "cursor": JSON,
        "protocolVersion": JSON,
        "_meta": JSON | st.fixed_dictionaries({}, optional=dict.fromkeys([*ENVELOPE, "progressToken"], JSON)),
    },
)
MESSAGES = st.fixed_dictionaries(
    {"jsonrpc": st.just("2.0"), "id": st.integers() | st.text(max_size=5)},
    optional={
        "method": st.sampled_from(["tools/call", "tools/list", "initialize", "ping", "server/discover"]) | JSON,
        "params": PARAMS | JSON,
    },
)
HEADERS = {
    "MCP_Protocol_Version": st.sampled_from([MODERN, "2025-11-25", "x"]),
    "Mcp_Method": st.sampled_from(["tools/call", "tools/list", "server/discover", "=?base64?", "é"]),
    "Mcp_Name": st.sampled_from(["greet", "nope", "=?base64?Z3JlZXQ=?=", "=?base64?\N{SNOWMAN}?=", "a,b"]),
    "Accept": st.sampled_from(["application/json", "text/event-stream, application/json", "x"]),
}
BODIES = st.binary(max_size=40) | MESSAGES.map(lambda message: json.dumps(message).encode("utf-8", "replace"))


@pytest.mark.covers("S12")
def test_no_body_makes_the_server_answer_5xx() -> None:
    with asyncio.Runner() as runner:
        serve = serving(make_app(sample_toolbox(), ServerSettings()), [BASE])
        client = runner.run(serve.__aenter__())

        @settings(max_examples=300, deadline=None, derandomize=True)
        @given(BODIES, st.fixed_dictionaries({}, optional=HEADERS))
        def post(body: bytes, headers: dict[str, str]) -> None:
            status, answer = runner.run(client.post(body, **headers))
            assert status in {200, 202, 400, 404}
            if answer is not None:
                _require_response(answer)

        post()
        runner.run(serve.__aexit__(None, None, None))


def _require_response(answer: Any) -> None:
    assert answer["jsonrpc"] == "2.0"
    assert "id" in answer
    assert ("result" in answer) != ("error" in answer)
    assert answer.get("error", {}).get("code") != -32603
