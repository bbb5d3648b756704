"""Each attack is sent as it says, is lost by a gateway that lets it in, and says what mends that."""

import json
from dataclasses import replace

import httpx
import pytest
from gateway.doctor.attacks import bodies, exchange
from gateway.doctor.attacks.attack import ATTACKER, Attack, Known
from gateway.doctor.attacks.exchange import End, Heard, read_answers
from gateway.doctor.attacks.forgeries import tampered
from gateway.doctor.attacks.paths import spellings
from gateway.doctor.attacks.table import KINDS, attacks_on
from gateway.doctor.target import parse_target
from gateway.doctor.wire import Answer

URL = "https://gateway.example/mcp/fake"
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1In0.c2lnbmF0dXJl"
LIST = {"tools": [{"name": "wipe", "_meta": {"io.github.mcp-gateway/missing-scopes": ["mcp:wipe"]}}]}


def heard(status: int, body: object = None, **headers: str) -> Heard:
    named = httpx.Headers({name.replace("_", "-"): value for name, value in headers.items()})
    named["content-type"] = "application/json"
    return Heard(End.COMPLETE, [Answer(URL, status, named, json.dumps(body).encode())])


def first(one: Heard) -> Answer:
    assert one.first
    return one.first


LISTED = heard(200, {"jsonrpc": "2.0", "id": 1, "result": LIST})
CHALLENGE = {"WWW_Authenticate": f'Bearer resource_metadata="{URL}", scope="mcp:fake"'}
KNOWN = Known(
    target=parse_target(URL),
    origin="http://localhost:6274",
    token=TOKEN,
    refusal=first(heard(401, **CHALLENGE)),
    issuer="https://gateway.example/realms/fake",
    metadata_url="https://gateway.example/.well-known/oauth-protected-resource/mcp/fake",
    scopes=["mcp:fake"],
    session={},
    speaks_modern=True,
    tools=LIST["tools"],
    tools_answer=first(LISTED),
    shut=None,
    no_entry=None,
)
ATTACKS = attacks_on(KNOWN)
CORS = {"Access_Control_Allow_Origin": "*", "Access_Control_Allow_Credentials": "true"}
FALLEN = heard(200, {"jsonrpc": "2.0", "id": 1, "result": {}}, **CORS, Location=f"https://{ATTACKER}/")
SOUND = {"an integer of 5,000 digits", "10,000 levels"}
"""What is not wrong in itself: it must only not break anything."""

each_attack = pytest.mark.parametrize("attack", ATTACKS, ids=lambda a: f"{a.kind} {a.title}")


@each_attack
def test_a_gateway_that_falls_for_it_is_blamed(attack: Attack) -> None:
    assert (attack.expected.judge(FALLEN) is None) == (attack.title in SOUND)
    assert attack.fix


@each_attack
def test_a_gateway_that_breaks_on_it_or_hangs_is_blamed(attack: Attack) -> None:
    assert attack.expected.judge(heard(500))
    assert attack.expected.judge(Heard(End.SILENT))


@each_attack
def test_a_gateway_that_refuses_it_or_closes_the_connection_is_not_blamed(attack: Attack) -> None:
    assert attack.expected.judge(heard(400)) is None
    assert attack.expected.judge(Heard(End.CLOSED)) is None


@each_attack
def test_none_can_change_the_state_of_a_server(attack: Attack) -> None:
    calls_tool = b'"tools/call"' in attack.request
    assert calls_tool == (attack.kind == "S14"), "tools are called only where they must be refused"
    assert not calls_tool or b'"attacker.invalid": null' in attack.request


def test_they_are_few_have_a_class_and_a_name_of_their_own() -> None:
    assert 100 <= len(ATTACKS) <= 125
    assert {attack.kind for attack in ATTACKS} == set(KINDS)
    assert len({attack.title for attack in ATTACKS}) == len(ATTACKS)
    assert max(len(attack.request) for attack in ATTACKS) < 3 * 1024 * 1024


def test_without_a_token_those_that_need_one_are_blocked_and_no_request_has_one() -> None:
    alone = attacks_on(replace(KNOWN, token=None, no_entry="there is no token", tools=[], tools_answer=None))
    blocked = {attack.kind for attack in alone if attack.blocked}
    assert {"S12", "S14"} <= blocked
    assert not [attack for attack in alone if not attack.blocked and attack.kind in ("S12", "S14")]
    assert not [attack.title for attack in alone if TOKEN.encode() in attack.request]


def test_at_an_open_server_there_is_nothing_to_refuse() -> None:
    opened = attacks_on(replace(KNOWN, token=None, refusal=None, shut="it is open"))
    asked = {attack.kind for attack in opened if not attack.blocked}
    assert asked == {"S1", "S7", "S9", "S12", "S14", "S16"}


def test_the_token_stands_in_no_url_and_not_in_what_is_shown_of_an_attack() -> None:
    assert not [a.title for a in ATTACKS if TOKEN.encode() in a.request.split(b"\r\n")[0]]
    assert TOKEN not in repr(ATTACKS)
    assert TOKEN not in repr(KNOWN)


def test_a_changed_challenge_is_a_failure_though_the_status_is_right() -> None:
    (attack,) = [attack for attack in ATTACKS if attack.title == "X-Forwarded-Host"]
    assert attack.expected.judge(heard(401, **CHALLENGE)) is None
    other = {"WWW_Authenticate": CHALLENGE["WWW_Authenticate"].replace("https", "http")}
    assert attack.expected.judge(heard(401, **other)) == "the challenge has changed"
    named = {"WWW_Authenticate": CHALLENGE["WWW_Authenticate"].replace("gateway.example", ATTACKER)}
    assert attack.expected.judge(heard(401, **named)) == "a URL in the answer is the attacker's"


def test_a_second_answer_is_the_proof_of_a_hidden_request() -> None:
    (attack,) = [attack for attack in ATTACKS if attack.title == "a length and chunks"]
    one = first(heard(400))
    assert attack.expected.judge(Heard(End.COMPLETE, [one, one])) == "two requests are read in one"


@pytest.mark.parametrize("url", ["https://a.example", "https://a.example/", "https://a.example/mcp", URL + "/"])
def test_paths_of_any_depth_have_other_spellings(url: str) -> None:
    target = parse_target(url)
    for title, path in spellings(target.path, target.origin).items():
        assert path.startswith(("/", "https://a.example/")) or URL in url, title
        assert path not in (target.path, target.path or "/"), title


def test_an_opaque_token_is_changed_where_it_can_be_and_a_jwt_everywhere() -> None:
    assert {title for title, token in tampered("opaque-token").items() if token} == {
        "yours in another case",
        "yours cut short",
    }
    assert all(token and token != TOKEN for token in tampered(TOKEN).values())


def test_each_body_is_wrong_in_what_it_is_named_for_and_good_otherwise() -> None:
    refused = set()
    for title, (body, _, _) in bodies.BODIES.items():
        try:
            json.loads(body)
        except (ValueError, RecursionError):
            refused.add(title)
    assert {"no body", "no JSON", "two messages", "invalid UTF-8", "10,000 levels"} <= refused
    assert {"a batch", "method twice", "an id that is an object"}.isdisjoint(refused)


@pytest.mark.parametrize(
    ("received", "statuses", "is_whole"),
    [
        (b"", [], True),
        (b"HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\n{", [401], False),
        (b"HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\n{}", [401], True),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 413 Large\r\nContent-Length: 0\r\n\r\n", [413], True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", [200], True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\n{", [200], False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", [200], False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", [200], False),
        (b"HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", [400, 200], True),
        (b"HTTP/1.1 101 Switching\r\n\r\n", [101], True),
        (b"HTTP/1.1 204 None\r\n\r\n", [204], True),
        (b"SSH-2.0-x\r\n\r\n", [], False),
        (b"HTTP/1.1 200 OK\r\nno colon\r\n: none\r\n\r\n", [200], False),
    ],
)
def test_answers_are_read_from_bytes(received: bytes, statuses: list[int], is_whole: bool) -> None:
    answers, whole = read_answers(received, URL)
    assert ([answer.status for answer in answers], whole) == (statuses, is_whole)


def test_a_request_is_sent_byte_by_byte_as_it_was_written() -> None:
    titled = {attack.title: attack.request for attack in ATTACKS}
    assert titled["two lengths"].count(b"Content-Length") == 2
    assert titled["two made-up tokens"].count(b"\r\nAuthorization: Bearer ") == 2
    assert titled["another Host"].count(b"\r\nHost: ") == 1
    assert titled["two Hosts"].count(b"\r\nHost: ") == 2
    assert b" /mcp/x/../fake HTTP/1.1\r\n" in titled["a segment and .."]
    assert b"\r" not in titled["line feeds alone"]
    assert exchange.SECONDS < 10
