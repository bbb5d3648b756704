import pytest
from mcp_serving.caller import read_caller
from multidict import CIMultiDict


@pytest.mark.covers("A3")
def test_the_gateways_headers_name_the_caller() -> None:
    headers = CIMultiDict({"X-User-Sub": "f:1/u", "X-User-Email": "a%C3%A9@b.c", "X-User-Scopes": "mcp:x mcp:y"})
    caller = read_caller(headers)
    assert (caller.sub, caller.email, caller.scopes) == ("f:1/u", "aé@b.c", frozenset({"mcp:x", "mcp:y"}))


def test_without_headers_nobody_calls_and_nothing_is_granted() -> None:
    caller = read_caller(CIMultiDict[str]())
    assert (caller.sub, caller.email, caller.scopes) == (None, None, frozenset())


@pytest.mark.covers("S1")
def test_a_header_that_came_twice_counts_for_nothing() -> None:
    headers = CIMultiDict([("X-User-Scopes", "mcp:x"), ("x-user-scopes", "mcp:y"), ("X-User-Sub", "a")])
    headers.add("x-USER-sub", "b")
    caller = read_caller(headers)
    assert (caller.sub, caller.scopes) == (None, frozenset())


@pytest.mark.covers("S14")
@pytest.mark.parametrize(
    "value", ['mcp:x "', "mcp:x\\", "mcp:x\tmcp:y", "mcp:x mcp:\u0443", "mcp:x\x00", "mcp:x\u00a0mcp:y"]
)
def test_a_list_with_anything_but_scope_tokens_grants_nothing(value: str) -> None:
    assert read_caller(CIMultiDict({"X-User-Scopes": value})).scopes == frozenset()


@pytest.mark.covers("S14")
def test_separators_other_than_the_space_do_not_separate() -> None:
    assert read_caller(CIMultiDict({"X-User-Scopes": "mcp:x,mcp:y;mcp:z"})).scopes == {"mcp:x,mcp:y;mcp:z"}


@pytest.mark.covers("S15")
def test_a_subject_that_was_not_encoded_is_no_subject() -> None:
    assert read_caller(CIMultiDict({"X-User-Sub": "zo\u00eb"})).sub is None
