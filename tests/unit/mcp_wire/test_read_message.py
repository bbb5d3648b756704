"""The one reader of JSON-RPC messages: what two readers could read two ways is refused (S12, M5)."""

import json
import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp_wire import INVALID_REQUEST, PARSE_ERROR, Kind, MalformedMessage, read_message
from mcp_wire.strict_json import MAX_DEPTH


def request(**members: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"} | members).encode()


def nested(depth: int) -> bytes:
    """A request that is nested ``depth`` levels deep, the message and its params included."""
    inner = "[" * (depth - 2) + "]" * (depth - 2)
    return b'{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":' + inner.encode() + b"}}"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"jsonrpc":"2.0","id":1,"method":"ping"}', Kind.REQUEST),
        (b'{"jsonrpc":"2.0","id":"a","method":"ping","params":{}}', Kind.REQUEST),
        (b'{"jsonrpc":"2.0","method":"notifications/initialized"}', Kind.NOTIFICATION),
        (b'{"jsonrpc":"2.0","id":7,"result":{}}', Kind.RESPONSE),
        (b'{"jsonrpc":"2.0","id":7,"error":{"code":1,"message":"m"}}', Kind.RESPONSE),
    ],
)
def test_each_kind_of_message_is_told_apart(body: bytes, kind: Kind) -> None:
    assert read_message(body).kind is kind


@pytest.mark.covers("S12")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xef\xbb\xbf" + request(),
        request().decode().encode("utf-16"),
        request(method="\udc80").replace(b"\\udc80", b"\x80"),
        b'{"jsonrpc":"2.0","id":1,"method":"a","method":"b"}',
        b'{"jsonrpc":"2.0","id":1,"method":"a","params":{"name":"add","name":"power"}}',
        b'{"jsonrpc":"2.0","id":1,"method":"a","params":{"name":"add","n\\u0061me":"power"}}',
        b'{"jsonrpc":"2.0","id":1,"method":"a","params":{"x":[{"k":1,"k":1}]}}',
        request(params={"a": float("nan")}),
        request(params={"a": float("-inf")}),
        request(method="\ud800"),
        request(params={"\udfff": 1}),
        b'{"jsonrpc":"2.0","id":' + b"9" * 5000 + b',"method":"a"}',
        b'{"jsonrpc":"2.0","id":1,"method":"a","params":{"a":1e99999999999999999999}}',
        request() + b"x",
        request() + b"\x00",
        b"{'jsonrpc':'2.0'}",
        b'{"jsonrpc":"2.0","id":1,"method":"a\nb"}',
        b"[" * 100_000,
        nested(MAX_DEPTH + 1),
    ],
    ids=lambda body: repr(body[:40]),
)
def test_what_is_not_strict_json_is_a_parse_error(body: bytes) -> None:
    with pytest.raises(MalformedMessage) as caught:
        read_message(body)
    assert caught.value.code == PARSE_ERROR


@pytest.mark.covers("M5", "S12")
@pytest.mark.parametrize(
    "body",
    [
        b"[" + request() + b"]",
        b"[]",
        b"null",
        b'"ping"',
        b"{}",
        b'{"jsonrpc":"2.0"}',
        request(jsonrpc="1.0"),
        request(jsonrpc=2.0),
        request(id=None),
        request(id=1.0),
        request(id=True),
        request(id=[1]),
        request(method=1),
        request(params=[1]),
        request(params=None),
        request(result={}),
        b'{"jsonrpc":"2.0","id":1,"result":{},"error":{}}',
        request(Method="other"),
        request(**{"param\u017f": {"name": "power"}}),
        request(params={"name": "add", "Name": "power"}),
        request(params={"name": "add", "NAME": "power"}),
    ],
)
def test_what_is_not_one_json_rpc_message_is_an_invalid_request(body: bytes) -> None:
    with pytest.raises(MalformedMessage) as caught:
        read_message(body)
    assert caught.value.code == INVALID_REQUEST


@pytest.mark.covers("M5")
def test_the_id_of_an_invalid_request_is_kept_for_the_answer() -> None:
    with pytest.raises(MalformedMessage) as caught:
        read_message(request(id="call-7", params=[1]))
    assert caught.value.id == "call-7"


def test_nesting_at_the_limit_is_read() -> None:
    assert read_message(nested(MAX_DEPTH)).method == "m"


def test_brackets_inside_strings_do_not_count_as_nesting() -> None:
    message = read_message(request(params={"text": '[{"\\' * 500}))
    assert message.params["text"] == '[{"\\' * 500


@pytest.mark.covers("S12", "S13")
@pytest.mark.parametrize(
    "body",
    [
        b'{"a":"' + b"[" * 1_000_000,
        b'\\"' * 500_000 + b"[" * 100,
        b'"\\' * 500_000 + b"[" * 100,
        b"[1." + b"1" * 1_000_000 + b"]",
        b'"\\u0041' + b"{" * 1_000_000,
        b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":[' + b"[]," * 340_000 + b"[]]}}",
        b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":[' + b'"",' * 340_000 + b'""]}}',
        b"[" + b"]" * 1_000_000,
    ],
    ids=[
        *("open string", "escaped quotes", "quotes and backslashes", "long fraction", "open string with escape"),
        *("empty arrays", "empty strings", "closings"),
    ],
)
def test_a_mebibyte_made_to_be_slow_is_refused_in_linear_time(body: bytes) -> None:
    """A quadratic scan of these bodies takes minutes, and reading each value a second; a refusal takes milliseconds."""
    started = time.process_time()
    with pytest.raises(MalformedMessage):
        read_message(body)
    assert time.process_time() - started < 0.5


def test_a_mebibyte_of_text_is_read() -> None:
    text = '{"a": [1, 2]}, ' * 60_000
    assert read_message(request(params={"text": text})).params["text"] == text


def test_fractions_keep_every_digit() -> None:
    message = read_message(b'{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":0.1,"b":1e-30,"c":12}}')
    assert message.params == {"a": Decimal("0.1"), "b": Decimal("1e-30"), "c": 12}


@pytest.mark.covers("S19")
def test_a_parse_error_does_not_quote_the_body() -> None:
    with pytest.raises(MalformedMessage) as caught:
        read_message(b'{"jsonrpc":"2.0","secret-token')
    assert "secret" not in caught.value.text


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5),
    max_leaves=10,
)


@pytest.mark.covers("S12")
@given(body=st.binary())
def test_any_bytes_are_read_or_refused_and_nothing_else(body: bytes) -> None:
    try:
        read_message(body)
    except MalformedMessage as refusal:
        assert refusal.code in {PARSE_ERROR, INVALID_REQUEST}


@given(arguments=st.dictionaries(st.text(max_size=10), json_values, max_size=5))
def test_any_arguments_that_json_can_carry_arrive_unchanged(arguments: dict[str, Any]) -> None:
    message = read_message(request(params={"name": "tool", "arguments": arguments}))
    assert message.params["arguments"] == arguments
