"""Whether the headers that repeat the body repeat it."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp_wire import Message, mirror_fault, read_message
from mcp_wire.mirrors import decoded


def message(method: str, **params: Any) -> Message:
    return read_message(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode())


def encoded(text: str) -> str:
    return f"=?base64?{base64.b64encode(text.encode()).decode()}?="


CALL = message("tools/call", name="add")


@pytest.mark.covers("M3")
@pytest.mark.parametrize(
    ("body", "name"),
    [
        (CALL, "add"),
        (message("prompts/get", name="greeting"), "greeting"),
        (message("resources/read", uri="file:///a,b"), "file:///a,b"),
        (message("tasks/get", taskId="t-1"), "t-1"),
        (message("tools/call", name="größe"), encoded("größe")),
        (message("tools/call", name=" padded "), encoded(" padded ")),
        (message("tools/call", name="=?base64?x?="), encoded("=?base64?x?=")),
        (message("tools/list"), None),
        (message("notifications/cancelled"), None),
    ],
)
def test_headers_that_repeat_the_body_are_accepted(body: Message, name: str | None) -> None:
    assert mirror_fault(body, body.method, name, required=True) is None


@pytest.mark.covers("M3")
@pytest.mark.parametrize(
    ("body", "method", "name", "told"),
    [
        (CALL, None, "add", "Mcp-Method is missing"),
        (CALL, "tools/call", None, "Mcp-Name is missing: send params.name"),
        (message("resources/read", uri="x:y"), "resources/read", None, "Mcp-Name is missing: send params.uri"),
        (CALL, "tools/list", "add", "Mcp-Method is doubled or is not"),
        (CALL, "tools/call", "sub", "Mcp-Name is doubled or is not"),
        (message("tools/list"), "tools/list", "add", "this body has none"),
        (message("tools/call", name="größe"), "tools/call", "größe", "Mcp-Name"),
        (message("tools/call", name=7), "tools/call", "7", "Mcp-Name"),
        (message("tools/call"), "tools/call", "", "Mcp-Name"),
        (message("a,b"), "a,b", None, "Mcp-Method is doubled"),
    ],
)
def test_headers_that_do_not_are_named(body: Message, method: str | None, name: str | None, told: str) -> None:
    assert told in (mirror_fault(body, method, name, required=True) or "")


@pytest.mark.parametrize(("method", "name"), [(None, None), ("tools/call", None), (None, "add")])
def test_without_the_requirement_a_header_may_be_absent(method: str | None, name: str | None) -> None:
    assert mirror_fault(CALL, method, name) is None


def test_a_call_without_a_name_lacks_no_header() -> None:
    """Its fault is in the params, and is told as such."""
    assert mirror_fault(message("tools/call"), "tools/call", None, required=True) is None


@pytest.mark.covers("S12")
def test_a_response_has_no_method_to_repeat() -> None:
    response = read_message(b'{"jsonrpc":"2.0","id":1,"result":{}}')
    assert mirror_fault(response, "tools/call", None) is not None
    assert mirror_fault(response, None, None) is None


@pytest.mark.covers("S12")
@pytest.mark.parametrize(
    "value",
    ["=?base64?YQ?=", "=?base64?YR==?=", "=?base64?Y Q==?=", "=?base64?YQ==\n?=", "=?base64?_w==?=", "=?base64?/w==?="],
)
def test_base64_that_readers_may_take_differently_is_no_value(value: str) -> None:
    assert decoded(value) is None


@pytest.mark.covers("S12")
@given(st.text())
def test_what_is_encoded_is_read_back(text: str) -> None:
    assert decoded(encoded(text)) == text


@pytest.mark.covers("S12", "S19")
@given(st.text(), st.text(), st.text())
def test_a_fault_never_quotes_what_was_sent(name: str, method_header: str, name_header: str) -> None:
    secret = "tell-nobody"
    fault = mirror_fault(message("tools/call", name=secret + name), secret + method_header, secret + name_header)
    assert fault is None or secret not in fault
