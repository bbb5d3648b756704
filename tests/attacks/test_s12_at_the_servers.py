"""S12 behind the gateway: strange JSON with one reading is passed on, and no server makes a 500 of it."""

import json

import pytest

from tests.attacks.classes import S12
from tests.attacks.http1 import exchange, request
from tests.attacks.registry import Attack
from tests.attacks.scripted import CANARY, TOKEN, ScriptedGateway
from tests.attacks.served import ServedGateway
from tests.attacks.test_s12_json import add

CALLS = {
    "argument as text": add(b'{"a":"1","b":2}'),
    "argument true": add(b'{"a":true,"b":2}'),
    "argument null": add(b'{"a":null,"b":2}'),
    "argument a list": add(b'{"a":[1],"b":2}'),
    "argument an object": add(b'{"a":{"__class__":"int"},"b":2}'),
    "argument missing": add(b'{"a":1}'),
    "argument too many": add(b'{"a":1,"b":2,"c":3}'),
    "argument named __proto__": add(b'{"a":1,"b":2,"__proto__":{"admin":true}}'),
    "argument named self": add(b'{"a":1,"b":2,"self":1}'),
    "argument with a NUL in its name": add(b'{"a":1,"b":2,"\\u0000":1}'),
    "argument with an empty name": add(b'{"a":1,"b":2,"":1}'),
    "argument of half a mebibyte": add(b'{"a":"' + b"x" * 500_000 + b'","b":2}'),
    "4,300 digits": add(b'{"a":' + b"9" * 4300 + b',"b":2}'),
    "4,300 digits, negative": add(b'{"a":-' + b"9" * 4300 + b',"b":2}'),
    "half a million digits behind the point": add(b'{"a":0.' + b"1" * 500_000 + b',"b":2}'),
    "minus zero": add(b'{"a":-0,"b":-0.0}'),
    "1e-400": add(b'{"a":1e-400,"b":2}'),
    "1e400": add(b'{"a":1e400,"b":2}'),
    "1e999999999": add(b'{"a":1e999999999,"b":2}'),
    "arguments as a list": add(b"[1,2]"),
    "arguments as a text": add(b'"1,2"'),
    "arguments null": add(b"null"),
    "64 levels": add(b'{"a":' + b"[" * 60 + b"]" * 60 + b',"b":2}'),
    "19,000 values": add(b'{"a":[' + b"0," * 19_000 + b'0],"b":2}'),
    "a member that nobody knows": add(more=b',"x-admin":true'),
    "an id of 100 KiB": add(id=b'"' + b"i" * 100_000 + b'"'),
    "an id of 4,000 digits": add(id=b"9" * 4000),
    "an id with a line break": add(id=rb'"a\r\nX-User-Sub: forged"'),
    "a secret in a wrong argument": add(b'{"a":"' + CANARY.encode() + b'","b":2}'),
    "_meta as a list": b'{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":[]}}',
    "a cursor that is none": b'{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":"../../etc"}}',
    "a cursor as an object": b'{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":{}}}',
    "a progress token as an object": add().replace(b'"params":{', b'"params":{"_meta":{"progressToken":{}},'),
    "a protocol version as a list": b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":[]}}',
    "a method of another protocol": b'{"jsonrpc":"2.0","id":1,"method":"system.listMethods"}',
    "a method with a line break": b'{"jsonrpc":"2.0","id":1,"method":"ping\\r\\n{\\"forged\\":1}"}',
    "a method with two underscores": b'{"jsonrpc":"2.0","id":1,"method":"__init__"}',
    "a method of 100 KiB": b'{"jsonrpc":"2.0","id":1,"method":"' + b"m" * 100_000 + b'"}',
    "a response that nobody asked for": b'{"jsonrpc":"2.0","id":1,"result":{}}',
}


@pytest.mark.covers("S12", "M7", "S19")
@S12.each(
    S12.alike({f"served: {name}": body for name, body in CALLS.items()}, 200, 202, 400, 404, reaches="the body as sent")
)
def test_no_body_makes_a_fault_of_the_server(served: ServedGateway, gateway: ScriptedGateway, attack: Attack) -> None:
    found = exchange(served.door, request("/mcp/calculator", token=TOKEN, body=attack.input))
    assert [answered.status in attack.answers for answered in found] == [True], [one.status for one in found]
    body = found[0].body
    assert not body or json.loads(body)["jsonrpc"] == "2.0"
    assert b"Traceback" not in body
    assert CANARY.encode() not in body
