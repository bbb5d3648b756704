"""S12: a body is read in one way by everybody, or it is refused; no body makes a 500.

Each is a call of a tool that the token may use, so that a reader that is lenient would let it through.
"""

import gzip
import json

import pytest

from tests.attacks.classes import S12
from tests.attacks.http1 import exchange, request
from tests.attacks.registry import Attack
from tests.attacks.scripted import TOKEN, ScriptedGateway


def add(arguments: bytes = b'{"a":1,"b":2}', more: bytes = b"", id: bytes = b"1") -> bytes:
    params = b'{"name":"add","arguments":' + arguments + b"}"
    return b'{"jsonrpc":"2.0","id":' + id + b',"method":"tools/call","params":' + params + more + b"}"


GOOD = add()
DUPLICATES = {
    "method twice": add(more=b',"method":"ping"'),
    "params twice": add(more=b',"params":{"name":"power"}'),
    "id twice": add(more=b',"id":2'),
    "tool twice": GOOD.replace(b'"name":"add"', b'"name":"add","name":"power"'),
    "argument twice": add(b'{"a":1,"b":2,"b":3}'),
    "a name twice, deep inside": add(b'{"a":{"x":[{"y":1,"y":2}]},"b":2}'),
    "method twice, once in escapes": add(more=b',"\\u006dethod":"ping"'),
    "Method beside method": add(more=b',"Method":"ping"'),
    "METHOD instead of method": GOOD.replace(b'"method"', b'"METHOD"'),
    "Name beside the tool's name": GOOD.replace(b'"name":"add"', b'"name":"add","Name":"power"'),
    "params with a long s": add(more=',"param\u017f":{"name":"power"}'.encode()),
}
TEXTS = {
    "nothing but spaces": b"   ",
    "half a message": GOOD[:40],
    "two messages": GOOD + GOOD,
    "two messages on two lines": GOOD + b"\n" + GOOD,
    "something behind": GOOD + b"x",
    "a NUL behind": GOOD + b"\x00",
    "comma at the end": GOOD[:-1] + b",}",
    "a comment": b"/* x */" + GOOD,
    "single quotes": GOOD.replace(b'"', b"'"),
    "names without quotes": GOOD.replace(b'"id"', b"id"),
    "tab in a text": GOOD.replace(b'"add"', b'"a\tdd"'),
    "line break in a text": GOOD.replace(b'"add"', b'"add\n"'),
    "unknown escape": GOOD.replace(b'"add"', rb'"\x61dd"'),
    "half an escape": GOOD.replace(b'"add"', rb'"\u00"'),
    "lone high surrogate": GOOD.replace(b'"add"', rb'"add\ud800"'),
    "lone low surrogate": add(rb'{"a":1,"b":2,"c":"\udc00"}'),
    "surrogates the wrong way round": add(rb'{"a":1,"b":2,"c":"\udc00\ud800"}'),
    "lone surrogate as a name": add(rb'{"a":1,"b":2,"\ud800":1}'),
    "byte order mark": b"\xef\xbb\xbf" + GOOD,
    "UTF-16": GOOD.decode().encode("utf-16"),
    "UTF-16 without a mark": GOOD.decode().encode("utf-16-le"),
    "UTF-32": GOOD.decode().encode("utf-32"),
    "Latin-1": GOOD.replace(b'"add"', b'"\xe4dd"'),
    "overlong quote": GOOD.replace(b'"add"', b'"add\xc0\xa2"'),
    "surrogate in UTF-8": GOOD.replace(b'"add"', b'"add\xed\xa0\x80"'),
    "half a UTF-8 letter": add(b'{"a":1,"b":2,"c":"\xe2\x82"}'),
}
NUMBERS = {
    "NaN": add(b'{"a":NaN,"b":2}'),
    "Infinity": add(b'{"a":Infinity,"b":2}'),
    "-Infinity": add(b'{"a":-Infinity,"b":2}'),
    "an exponent beyond every range": add(b'{"a":1e99999999999999999999,"b":2}'),
    "5,000 digits": add(b'{"a":' + b"9" * 5000 + b',"b":2}'),
    "100,000 digits": add(b'{"a":' + b"9" * 100_000 + b',"b":2}'),
    "a zero before the number": add(b'{"a":01,"b":2}'),
    "plus before the number": add(b'{"a":+1,"b":2}'),
    "hexadecimal": add(b'{"a":0x1,"b":2}'),
    "no digit after the point": add(b'{"a":1.,"b":2}'),
    "no digit before the point": add(b'{"a":.5,"b":2}'),
    "underscores": add(b'{"a":1_000,"b":2}'),
}
SIZES = {
    "65 levels": add(b'{"a":' + b"[" * 65 + b"]" * 65 + b"}"),
    "100,000 arrays": add(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "100,000 arrays that are never closed": b"[" * 100_000,
    "50,000 objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "30,000 values": add(b'{"a":[' + b"0," * 30_000 + b"0]}"),
    "half a million values": add(b'{"a":[' + b"0," * 500_000 + b"0]}"),
    "30,000 names": add(b"{" + b",".join(b'"%d":0' % n for n in range(30_000)) + b"}"),
}
MESSAGES = {
    "a batch": b"[" + GOOD + b"," + GOOD + b"]",
    "a batch of one": b"[" + GOOD + b"]",
    "an empty batch": b"[]",
    "null": b"null",
    "true": b"true",
    "a number": b"1",
    "a text": b'"ping"',
    "an empty object": b"{}",
    "id null": add(id=b"null"),
    "id 1.5": add(id=b"1.5"),
    "id 1.0": add(id=b"1.0"),
    "id true": add(id=b"true"),
    "id a list": add(id=b"[1]"),
    "no version": GOOD.replace(b'"jsonrpc":"2.0",', b""),
    "version 1.0": GOOD.replace(b'"2.0"', b'"1.0"'),
    "version as a number": GOOD.replace(b'"2.0"', b"2.0"),
    "method as a list": GOOD.replace(b'"tools/call"', b'["tools/call"]'),
    "method null": GOOD.replace(b'"tools/call"', b"null"),
    "params as a list": b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":["add"]}',
    "params as a text": b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":"add"}',
    "no params": b'{"jsonrpc":"2.0","id":1,"method":"tools/call"}',
    "tool as a list": GOOD.replace(b'"add"', b'["add"]'),
    "tool as a number": GOOD.replace(b'"add"', b"1"),
    "tool null": GOOD.replace(b'"add"', b"null"),
    "request and response": add(more=b',"result":{}'),
    "request and error": add(more=b',"error":{"code":1,"message":""}'),
    "result and error": b'{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}',
}
MIRRORS = {
    "Mcp-Name: another tool": (b"Mcp-Name: power",),
    "Mcp-Name twice": (b"Mcp-Name: add", b"Mcp-Name: power"),
    "Mcp-Name with a comma": (b"Mcp-Name: add,power",),
    "Mcp-Name in capitals": (b"Mcp-Name: ADD",),
    "Mcp-Name in base64 that is not canonical": (b"Mcp-Name: =?base64?YWRk=?=",),
    "Mcp-Method: another": (b"Mcp-Method: ping",),
    "Mcp-Method twice": (b"Mcp-Method: tools/call", b"Mcp-Method: ping"),
    "Mcp-Method in capitals": (b"Mcp-Method: TOOLS/CALL",),
    "Mcp-Method in escapes": (b"Mcp-Method: tools%2fcall",),
}
TYPES = {
    "no Content-Type": b"X: y",
    "text/plain": b"Content-Type: text/plain",
    "text/json": b"Content-Type: text/json",
    "a form": b"Content-Type: application/x-www-form-urlencoded",
    "JSON lines": b"Content-Type: application/jsonl",
    "JSON-RPC's own": b"Content-Type: application/json-rpc",
    "JSON patch": b"Content-Type: application/json-patch+json",
    "UTF-7": b"Content-Type: application/json; charset=utf-7",
    "charset UTF-16": b"Content-Type: application/json; charset=utf-16",
    "charset twice": b"Content-Type: application/json; charset=utf-8; charset=utf-16",
    "another parameter": b"Content-Type: application/json; boundary=x",
    "two types with a comma": b"Content-Type: application/json, text/plain",
    "Content-Type twice": b"Content-Type: application/json\r\nContent-Type: text/plain",
}
CODINGS = {
    "gzip": (b"gzip", gzip.compress(GOOD)),
    "a gzip bomb": (b"gzip", gzip.compress(b" " * 50_000_000)),
    "gzip that is none": (b"gzip", GOOD),
    "deflate": (b"deflate", GOOD),
    "identity and gzip": (b"identity, gzip", GOOD),
    "Brotli": (b"br", GOOD),
}


def refused_in_json(gateway: ScriptedGateway, attack: Attack, sent: bytes) -> None:
    found = exchange(gateway.door, sent)
    assert len(found) == 1
    gateway.held(attack, found[0].status)
    error = json.loads(found[0].body)
    assert error["jsonrpc"] == "2.0"
    assert error["error"]["code"] in {-32700, -32600, -32602, -32020}


@pytest.mark.covers("S12", "M5", "A4")
@S12.each(S12.alike(DUPLICATES | TEXTS | NUMBERS | SIZES | MESSAGES, 400))
def test_a_body_with_two_readings_is_a_json_rpc_error(gateway: ScriptedGateway, attack: Attack) -> None:
    refused_in_json(gateway, attack, request("/mcp/calculator", token=TOKEN, body=attack.input))


@pytest.mark.covers("S12", "M3")
@S12.add(MIRRORS, 400)
def test_a_header_that_says_otherwise_than_the_body_is_refused(gateway: ScriptedGateway, attack: Attack) -> None:
    refused_in_json(gateway, attack, request("/mcp/calculator", *attack.input, token=TOKEN, body=GOOD))


@pytest.mark.covers("S12", "R4")
@S12.add(TYPES, 415)
def test_another_media_type_is_refused(gateway: ScriptedGateway, attack: Attack) -> None:
    sent = request("/mcp/calculator", attack.input, b"Content-Length: %d" % len(GOOD), token=TOKEN, body=b"") + GOOD
    refused_in_json(gateway, attack, sent)


@pytest.mark.covers("S12", "S9")
@S12.each(S12.alike({f"Content-Encoding: {name}": coded for name, coded in CODINGS.items()}, 415))
def test_a_coded_body_is_not_decoded(gateway: ScriptedGateway, attack: Attack) -> None:
    coding, body = attack.input
    line = b"Content-Encoding: " + coding
    refused_in_json(gateway, attack, request("/mcp/calculator", line, token=TOKEN, body=body))
