"""S3: a token is taken from the header alone; wherever else one stands it opens nothing and is in no log."""

import pytest

from tests.attacks.classes import S3
from tests.attacks.http1 import answer_of, exchange, request
from tests.attacks.registry import Attack
from tests.attacks.scripted import TOKEN, ScriptedGateway

FORM = b"Content-Type: application/x-www-form-urlencoded"


def form(body: str, content_type: bytes = FORM) -> bytes:
    return request("/mcp/calculator", content_type, b"Content-Length: %d" % len(body), body=b"") + body.encode()


INPUTS = {
    "access_token in the query": request(f"/mcp/calculator?access_token={TOKEN}"),
    "token in the query": request(f"/mcp/calculator/?token={TOKEN}&x=1"),
    "Authorization in the query": request(f"/mcp/calculator?Authorization=Bearer%20{TOKEN}"),
    "in the query of GET": request(f"/mcp/calculator?access_token={TOKEN}", method=b"GET", body=b""),
    "in the query after a second ?": request(f"/mcp/calculator?a=b?access_token={TOKEN}"),
    "in a form": form(f"access_token={TOKEN}"),
    "in a multipart form": form(
        f'--b\r\nContent-Disposition: form-data; name="access_token"\r\n\r\n{TOKEN}\r\n--b--\r\n',
        b"Content-Type: multipart/form-data; boundary=b",
    ),
    "in the JSON body": request(
        body=f'{{"jsonrpc":"2.0","id":1,"method":"ping","access_token":"{TOKEN}"}}'.encode(),
    ),
    "in _meta": request(
        body=f'{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"_meta":{{"authorization":"{TOKEN}"}}}}}}'.encode(),
    ),
    "in Referer": request("/mcp/calculator", f"Referer: https://localhost/?access_token={TOKEN}".encode()),
}


@pytest.mark.covers("S3", "R5", "S19")
@S3.add(INPUTS, 401)
def test_it_opens_nothing_and_nobody_is_asked_about_it(gateway: ScriptedGateway, attack: Attack) -> None:
    gateway.held(attack, answer_of(exchange(gateway.door, attack.input)))
    assert gateway.asked == []


@pytest.mark.covers("S3", "S19")
@S3.add({"in a fragment": request(f"/mcp/calculator#access_token={TOKEN}")}, 400)
def test_a_fragment_is_no_part_of_a_request(gateway: ScriptedGateway, attack: Attack) -> None:
    gateway.held(attack, answer_of(exchange(gateway.door, attack.input)))


@pytest.mark.covers("S3", "R6")
@S3.add({"beside a good one, in the query": TOKEN[::-1]}, 200, reaches="the query as it is, never the header's token")
def test_the_headers_token_is_never_passed_on(gateway: ScriptedGateway, attack: Attack) -> None:
    sent = request(f"/mcp/calculator?access_token={attack.input}", token=TOKEN)
    gateway.held(attack, answer_of(exchange(gateway.door, sent)))
    [received] = gateway.received
    assert TOKEN not in str(received)
    assert attack.input not in gateway.asked
