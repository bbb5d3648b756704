"""Every input of the fuzzers' corpus, what they once found included, and that their invariants can be broken."""

from typing import Any

import pytest
from aiohttp import web
from ext_authz.verdict import Allow, Deny, Reason

from tests.fuzz import endpoint
from tests.fuzz.check import GOOD, require_reason, require_sound
from tests.fuzz.spelled import spelled
from tests.fuzz.targets import CORPUS, TARGETS
from tests.support.authz import CALCULATOR_URL, claims

EVERY = [(name, seed) for name, target in TARGETS.items() for seed in target.seeds()]
CALL = b'POST / calculator\ncontent-type: application/json\n\n{"method":"tools/call","params":{"name":"add"}}'


@pytest.mark.covers("S2", "S4", "S12", "S14", "S15")
@pytest.mark.parametrize(("name", "seed"), EVERY, ids=lambda value: value)
def test_no_input_of_the_corpus_breaks_an_invariant(name: str, seed: str) -> None:
    TARGETS[name].run(TARGETS[name].seeds()[seed])


def test_the_corpus_has_what_passes_and_what_is_refused_for_many_reasons() -> None:
    verdicts = []
    for seed in TARGETS["check"].seeds().values():
        text = spelled(seed)
        given = GOOD if text.introspection is None else text.introspection
        verdicts.append(require_sound(text.check_request(), given))
    assert {verdict.tool for verdict in verdicts if isinstance(verdict, Allow)} >= {None, "get_uv_index"}
    assert len({verdict.reason for verdict in verdicts if isinstance(verdict, Deny)}) > 15
    called = [_called(seed) for seed in TARGETS["endpoint"].seeds().values()]
    assert {"add", "divide", "power", "sqrt", None} <= set(called)


def _called(seed: bytes) -> str | None:
    endpoint.server().ask(spelled(seed), GOOD["scope"])
    return next(iter(endpoint.server().called), None)


def test_the_corpus_is_text_in_folders_that_are_used() -> None:
    assert {folder.name for folder in CORPUS.iterdir()} == {target.folder for target in TARGETS.values()}
    assert {file.suffix for file in CORPUS.rglob("*") if file.is_file()} == {".txt"}


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\x00\xff\n:\n\n\xff", b"POST", b"a b c d\nintrospection: [\n\n"])
def test_any_bytes_are_an_input(data: bytes) -> None:
    for target in TARGETS.values():
        target.run(data)


@pytest.mark.parametrize(
    "changes",
    [
        {"active": 1},
        {"iss": "https://evil.example"},
        {"typ": "ID"},
        {"exp": 1},
        {"nbf": 1e12},
        {"aud": [CALCULATOR_URL]},
        {"scope": "mcp:weathe"},
    ],
)
def test_an_allow_without_a_reason_would_be_found(changes: dict[str, Any]) -> None:
    require_reason(GOOD, "weather", Allow(claims().identity, "get_uv_index"))
    with pytest.raises(AssertionError):
        require_reason(GOOD | changes, "weather", Allow(claims().identity, "get_uv_index"))


def test_a_tool_that_runs_though_another_was_judged_would_be_found() -> None:
    endpoint.server().called[:] = ["add"]
    response = web.Response(body=b"{}")
    text = spelled(CALL)
    endpoint.require_agreement(text, Allow(claims().identity, "add"), response)
    endpoint.require_agreement(text, Deny(Reason.JSON_MALFORMED), response)
    for tool in ("power", None):
        with pytest.raises(AssertionError):
            endpoint.require_agreement(text, Allow(claims().identity, tool), response)


@pytest.mark.parametrize("more", [b'"name":"power"', b'"Name":"power"', b'"n\\u0061me":"power"'])
def test_a_body_that_readers_read_two_ways_would_be_found(more: bytes) -> None:
    endpoint.server().called.clear()
    text = spelled(CALL.replace(b'"name":"add"', b'"name":"add",' + more))
    with pytest.raises(AssertionError):
        endpoint.require_agreement(text, Allow(claims().identity, "add"), web.Response())


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b'{"jsonrpc":"2.0","id":1,"result":{}}'),
        (200, b""),
        (200, b'{"jsonrpc":"2.0","id":1}'),
        (200, b'{"jsonrpc":"2.0","id":1,"error":{"code":-32603}}'),
    ],
)
def test_an_answer_that_is_none_would_be_found(status: int, body: bytes) -> None:
    with pytest.raises(AssertionError):
        endpoint.require_answer(web.Response(status=status, body=body))
