"""Which tool a request calls, read so that no server can read it otherwise."""

import pytest
from ext_authz.operation import Operation, read_operation
from ext_authz.verdict import Deny, Reason
from hypothesis import given
from hypothesis import strategies as st

from tests.support.authz import http_request, tool_call


def test_a_tools_call_names_its_tool_and_id() -> None:
    assert read_operation(http_request(body=tool_call("add"))) == Operation("add", 7)


def test_a_tools_call_without_an_id_is_still_a_call_of_that_tool() -> None:
    """Some servers run notifications like requests and only leave out the answer."""
    assert read_operation(http_request(body=tool_call("add", id=...))) == Operation("add", None)


@pytest.mark.covers("M5")
@pytest.mark.parametrize(
    "body",
    [
        b'{"jsonrpc":"2.0","id":"x","method":"initialize","params":{}}',
        b'{"jsonrpc":"2.0","id":"x","method":"Tools/Call","params":{"name":"add"}}',
        b'{"jsonrpc":"2.0","id":"x","method":"tools/list"}',
    ],
)
def test_any_other_method_calls_no_tool(body: bytes) -> None:
    assert read_operation(http_request(body=body)) == Operation(None, "x")


def test_notifications_and_responses_call_no_tool() -> None:
    note = b'{"jsonrpc":"2.0","method":"notifications/initialized"}'
    response = b'{"jsonrpc":"2.0","id":3,"result":{"name":"add"}}'
    assert read_operation(http_request(body=note)) == Operation(None, None)
    assert read_operation(http_request(body=response)) == Operation(None, 3)


@pytest.mark.covers("S12")
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", Reason.JSON_MALFORMED),
        (b"\xef\xbb\xbf" + tool_call(), Reason.JSON_MALFORMED),
        (
            b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add","name":"sqrt"}}',
            Reason.JSON_MALFORMED,
        ),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":{}}', Reason.JSON_MALFORMED),
        (b"[" * 100_000, Reason.JSON_MALFORMED),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":NaN}}', Reason.JSON_MALFORMED),
        (b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\\ud800"}}', Reason.JSON_MALFORMED),
        (b'{"jsonrpc":"2.0","id":1,"method":"\xff"}', Reason.JSON_MALFORMED),
        (b"[" + tool_call() + b"]", Reason.MESSAGE_MALFORMED),
        (b'{"id":1,"method":"ping"}', Reason.MESSAGE_MALFORMED),
        (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', Reason.MESSAGE_MALFORMED),
        (b'{"jsonrpc":"2.0","id":true,"method":"ping"}', Reason.MESSAGE_MALFORMED),
        (b'{"jsonrpc":"2.0","id":1,"method":1}', Reason.MESSAGE_MALFORMED),
        (b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":["add"]}', Reason.MESSAGE_MALFORMED),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/call"}', Reason.MESSAGE_MALFORMED),
        (
            b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add","Name":"sqrt"}}',
            Reason.MESSAGE_MALFORMED,
        ),
    ],
)
def test_a_body_that_two_readers_could_read_two_ways_is_refused(body: bytes, reason: Reason) -> None:
    verdict = read_operation(http_request(body=body))
    assert isinstance(verdict, Deny)
    assert verdict.reason is reason


@pytest.mark.covers("M7")
@pytest.mark.parametrize("name", [..., None, 1, True, ["add"], {"name": "add"}])
def test_a_tools_call_whose_name_is_no_text_is_refused_with_its_id(name: object) -> None:
    params = {} if name is ... else {"name": name}
    verdict = read_operation(http_request(body=tool_call(params=params)))
    assert verdict == Deny(Reason.TOOL_NAME_MALFORMED, message_id=7)


def test_a_malformed_message_is_refused_with_its_id_if_that_could_be_read() -> None:
    verdict = read_operation(http_request(body=b'{"id":9,"method":"ping"}'))
    assert isinstance(verdict, Deny)
    assert verdict.message_id == 9


@pytest.mark.covers("R4")
@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/json; charset=utf-16",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "application/json, text/plain",
        "multipart/form-data; boundary=x",
    ],
)
def test_a_body_of_another_media_type_is_refused(content_type: str | None) -> None:
    assert read_operation(http_request(content_type=content_type)) == Deny(Reason.MEDIA_TYPE_REFUSED)


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON", 'application/json; charset="utf-8"'])
def test_json_in_utf_8_is_read_however_the_header_spells_it(content_type: str) -> None:
    assert isinstance(read_operation(http_request(content_type=content_type)), Operation)


@pytest.mark.covers("S12")
@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "identity, gzip", "GZIP", "x"])
def test_a_compressed_body_is_refused(encoding: str) -> None:
    assert read_operation(http_request(content_encoding=encoding)) == Deny(Reason.CONTENT_ENCODING_REFUSED)


@pytest.mark.parametrize("encoding", [None, "", "identity", " Identity "])
def test_identity_is_no_encoding(encoding: str | None) -> None:
    assert isinstance(read_operation(http_request(content_encoding=encoding)), Operation)


@pytest.mark.covers("S9")
def test_a_body_that_envoy_cut_is_refused_though_it_would_parse() -> None:
    assert read_operation(http_request(body_is_partial=True)) == Deny(Reason.BODY_INCOMPLETE)


def test_a_post_without_a_body_is_refused() -> None:
    assert read_operation(http_request(body=b"")) == Deny(Reason.BODY_ABSENT)


@pytest.mark.covers("M6", "S8")
@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_get_head_and_delete_call_no_tool_and_must_have_no_body(method: str) -> None:
    assert read_operation(http_request(method=method, body=b"", content_type=None)) == Operation(None, None)
    assert read_operation(http_request(method=method)) == Deny(Reason.BODY_UNEXPECTED)


@pytest.mark.covers("S8")
@pytest.mark.parametrize("method", ["PUT", "PATCH", "TRACE", "CONNECT", "post", "Post", "", "PROPFIND"])
def test_other_methods_are_refused(method: str) -> None:
    assert read_operation(http_request(method=method)) == Deny(Reason.METHOD_REFUSED)


@pytest.mark.covers("S12")
@given(st.binary(max_size=200))
def test_no_body_makes_the_reader_raise(body: bytes) -> None:
    assert isinstance(read_operation(http_request(body=body)), Operation | Deny)


def called(tool: str, **headers: str) -> Operation | Deny:
    return read_operation(http_request(body=tool_call(tool), **headers))


@pytest.mark.covers("M3", "S12")
@pytest.mark.parametrize(
    "headers",
    [
        {"mcp_method": "tools/call", "mcp_name": "add"},
        {"mcp_method": "tools/call"},
        {"mcp_name": "add"},
        {"mcp_name": "=?base64?YWRk?="},
        {"mcp_method": " tools/call\t", "mcp_name": "  add "},
    ],
)
def test_headers_that_repeat_the_body_or_are_absent_change_nothing(headers: dict[str, str]) -> None:
    assert called("add", **headers) == Operation("add", 7)


@pytest.mark.covers("M3", "S12")
@pytest.mark.parametrize(
    "headers",
    [
        {"mcp_method": "tools/list"},
        {"mcp_method": "Tools/Call"},
        {"mcp_method": ""},
        {"mcp_method": "tools/call,tools/call"},
        {"mcp_method": "tools/call,tools/list"},
        {"mcp_method": "=?base64?dG9vbHMvY2FsbA==?="},
        {"mcp_name": "power"},
        {"mcp_name": "ADD"},
        {"mcp_name": ""},
        {"mcp_name": "add,add"},
        {"mcp_name": "add,power"},
        {"mcp_name": "=?base64?cG93ZXI=?="},
        {"mcp_name": "=?BASE64?YWRk?="},
        {"mcp_name": "=?base64?YWR?="},
        {"mcp_name": "=?base64?YWRk?=,=?base64?cG93ZXI=?="},
    ],
)
def test_a_header_that_names_another_tool_or_method_than_the_body_is_refused(headers: dict[str, str]) -> None:
    verdict = called("add", **headers)
    assert isinstance(verdict, Deny)
    assert (verdict.reason, verdict.message_id) == (Reason.HEADERS_DISAGREE, 7)


@pytest.mark.covers("S12")
def test_two_names_that_a_proxy_joined_are_not_one_tool_with_a_comma() -> None:
    """A server that takes the first of two headers would run "add"."""
    verdict = called("add,power", mcp_name="add,power")
    assert isinstance(verdict, Deny)
    assert verdict.reason is Reason.HEADERS_DISAGREE
    assert called("add,power", mcp_name="=?base64?YWRkLHBvd2Vy?=") == Operation("add,power", 7)


@pytest.mark.covers("S12")
@pytest.mark.parametrize("header", ["mcp_method", "mcp_name"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_request_without_a_body_has_nothing_for_the_headers_to_repeat(method: str, header: str) -> None:
    verdict = read_operation(http_request(method=method, body=b"", **{header: "tools/call"}))
    assert verdict == Deny(Reason.HEADERS_DISAGREE)
