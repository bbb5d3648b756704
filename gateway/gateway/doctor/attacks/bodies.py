"""S12: bodies of which two readers may see different messages, and bodies made to break a reader."""

import json

from gateway.doctor.attacks.attack import Attack, Expected, Header, Known
from gateway.doctor.attacks.expecting import RPC_ERROR, RPC_ERROR_RATHER, SOUND
from gateway.doctor.rpc import Era, request

_START = b'{"jsonrpc":"2.0","id":1,"method":"ping"'
_UNIQUE = "refuse duplicate names: gateway and server may each take another of the two (RFC 8259 §4)"
_STRICT = "read JSON strictly, in UTF-8 (RFC 8259 §8.1), and answer -32700"
_MESSAGE = "read one JSON-RPC message per POST (MCP 2025-06-18), and answer -32600"
_BOUND = "bound depth and digits before decoding, and answer -32700"
_FORM = "refuse what is not application/json in UTF-8 with 415: the server may decode it otherwise"
_MIRROR = "refuse headers that do not repeat the body (MCP 2026-07-28, Request Metadata): a server may route by them"

BODIES: dict[str, tuple[bytes, Expected, str]] = {
    "no body": (b"", RPC_ERROR, _STRICT),
    "no JSON": (b"{", RPC_ERROR, _STRICT),
    "two messages": (_START + b"}" + _START + b"}", RPC_ERROR, _STRICT),
    "a batch": (b"[" + _START + b"}," + _START.replace(b"1,", b"2,") + b"}]", RPC_ERROR, _MESSAGE),
    "method twice": (_START + b',"method":"tools/list"}', RPC_ERROR, _UNIQUE),
    "method twice, once escaped": (_START + b',"m\\u0065thod":"tools/list"}', RPC_ERROR, _UNIQUE),
    "method in two cases": (_START + b',"Method":"tools/list"}', RPC_ERROR_RATHER, _UNIQUE),
    "a byte order mark": (b"\xef\xbb\xbf" + _START + b"}", RPC_ERROR_RATHER, _STRICT),
    "UTF-16": ((_START + b"}").decode().encode("utf-16"), RPC_ERROR, _STRICT),
    "invalid UTF-8": (_START + b',"params":{"a":"\xff\xfe"}}', RPC_ERROR, _STRICT),
    "a surrogate alone": (_START + b',"params":{"a":"\\ud800"}}', RPC_ERROR_RATHER, _STRICT),
    "NaN": (_START + b',"params":{"a":NaN}}', RPC_ERROR, _STRICT),
    "an integer of 5,000 digits": (_START + b',"params":{"a":' + b"9" * 5000 + b"}}", SOUND, _BOUND),
    "10,000 levels": (_START + b',"params":{"a":' + b"[" * 10_000 + b"]" * 10_000 + b"}}", SOUND, _BOUND),
    "an id that is an object": (_START.replace(b"1,", b"{},") + b"}", RPC_ERROR, _MESSAGE),
    "a method that is a number": (_START.replace(b'"ping"', b"7") + b"}", RPC_ERROR, _MESSAGE),
}

FORMS: dict[str, list[Header]] = {
    "the type text/plain": [("Content-Type", "text/plain")],
    "a content coding": [("Content-Type", "application/json"), ("Content-Encoding", "gzip")],
}


def attacks(known: Known) -> list[Attack]:
    """With the token, for a stranger's body need not be read at all. No message does more than `ping`."""
    found = [
        Attack("S12", title, known.post(*known.inside, body=body), expected, fix)
        for title, (body, expected, fix) in BODIES.items()
    ]
    found += [Attack("S12", title, _typed(known, headers), RPC_ERROR_RATHER, _FORM) for title, headers in FORMS.items()]
    return [attack.unless(known.no_entry) for attack in [*found, _contradiction(known)]]


def _contradiction(known: Known) -> Attack:
    """Only where the revision is spoken that has these headers."""
    told: list[Header] = [("Mcp-Method", "tools/list"), ("MCP-Protocol-Version", Era.MODERN)]
    body = json.dumps(request(Era.MODERN, "server/discover")).encode()
    sent = known.post(*known.entrance, *told, body=body)
    not_spoken = None if known.speaks_modern else "2026-07-28 is not spoken"
    return Attack("S12", "Mcp-Method that is not the body's", sent, RPC_ERROR, _MIRROR).unless(not_spoken)


def _typed(known: Known, headers: list[Header]) -> bytes:
    body = _START + b"}"
    length: Header = ("Content-Length", str(len(body)))
    accept: Header = ("Accept", "application/json, text/event-stream")
    return known.head("POST", known.path, *known.inside, accept, *headers, length) + body
