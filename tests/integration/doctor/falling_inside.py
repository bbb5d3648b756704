"""Gateways that misread what they are sent: methods, the ends of requests, sizes, JSON, names of tools, origins."""

import json

from gateway.doctor.attacks import bodies, framing, methods, pages, scopes, sizes

from tests.integration.doctor.falling import IN, Falling, fools, has_token, raw
from tests.support.fake_gateway import CLOSE, HANG, Asked, answer


def lenient_json(asked: Asked) -> bytes | None:
    """Python's own reader, as it comes."""
    if not has_token(asked) or asked.method != "POST" or asked["origin"]:
        return None
    try:
        message = json.loads(asked.body.decode("utf-8-sig", errors="replace"))
    except (ValueError, RecursionError):
        return None
    is_plain = isinstance(message, dict) and (message.get("method") == "ping" or asked["mcp-method"] == "tools/list")
    return IN if is_plain or isinstance(message, list) else None


def breaks_on_depth(asked: Asked) -> bytes | None:
    return answer(500) if b"[" * 2000 in asked.body or b"9" * 4301 in asked.body else None


FALLING = {
    "answers TRACE": Falling(methods, raw(rb"^TRACE"), {"the method TRACE"}),
    "guards POST alone": Falling(
        methods,
        raw(rb"^(GET|DELETE|FOO)[^\n]*1\.1\r\n(?!(?s:.)*Upgrade)"),
        {"the method GET", "the method DELETE", "the method FOO"},
    ),
    "is an open proxy": Falling(methods, raw(rb"^CONNECT"), {"CONNECT"}),
    "takes overrides": Falling(
        methods,
        raw(rb"Method-Override: OPTIONS|_method=OPTIONS", answer(204)),
        {"headers that say OPTIONS", "a parameter _method"},
    ),
    "upgrades": Falling(
        methods,
        raw(rb"Upgrade: (websocket|h2c)", b"HTTP/1.1 101 Switching Protocols\r\n\r\n"),
        {"an upgrade to WebSocket", "an upgrade to h2c"},
        "neither let in nor refused",
    ),
    "serves old versions": Falling(methods, raw(rb"HTTP/(1\.0|3\.7)\r\n"), {"HTTP/1.0", "HTTP/3.7"}),
    "reads two requests in one": Falling(
        framing,
        raw(rb"Content-Length: 2\r\nContent-Length: 3|chunked(?s:.)*GET /health", answer(401) + answer(200)),
        {"a length and chunks", "two lengths", "chunks twice", "an unknown coding", "a coding after a tab"},
        "two requests are read in one",
    ),
    "reads odd lengths": Falling(
        framing,
        raw(rb"Content-Length: [+-]", answer(401)),
        {"a length with a sign", "a negative length"},
        "its end is not clear",
    ),
    "breaks on odd lines": Falling(
        framing,
        raw(rb"Length : 0|\r\n b|a\rT|^GET[^\r]*\n", answer(502)),
        {"a space before the colon", "a folded line", "a carriage return alone", "line feeds alone"},
        "it breaks something",
    ),
    "hangs on large headers": Falling(
        sizes,
        fools(lambda a: len(a.raw) > 64 * 1024 and not a.body, HANG),
        {"a header of 80 KiB", "a path of 80 KiB"},
        "hangs",
    ),
    "takes a thousand headers": Falling(sizes, raw(rb"X-Many-99: "), {"1,000 headers"}),
    "reads whatever comes": Falling(sizes, fools(lambda a: len(a.body) > 1024 * 1024), {"a body of 2 MiB"}),
    "reads JSON as it comes": Falling(
        bodies,
        lenient_json,
        {
            "a batch",
            "a byte order mark",
            "invalid UTF-8",
            "a surrogate alone",
            "NaN",
            "an id that is an object",
            "method in two cases",
            "the type text/plain",
            "a content coding",
            "Mcp-Method that is not the body's",
        },
        "taken for a good message",
    ),
    "takes the first of two members": Falling(
        bodies, raw(rb'"method":"ping","m(e|\\u0065)thod"'), {"method twice", "method twice, once escaped"}, "taken for"
    ),
    "breaks on depth and digits": Falling(
        bodies, breaks_on_depth, {"10,000 levels", "an integer of 5,000 digits"}, "it breaks something"
    ),
    "reads a part": Falling(
        bodies,
        fools(lambda a: has_token(a) and a.body in (b"", b"{") and a.method == "POST"),
        {"no body", "no JSON"},
        "taken for",
    ),
    "reads the first of two": Falling(bodies, raw(rb'"ping"}{'), {"two messages"}, "taken for"),
    "reads UTF-16": Falling(bodies, raw(b"\r\n\r\n\xff\xfe"), {"UTF-16"}, "taken for"),
    "calls a number": Falling(bodies, raw(rb'"method":7'), {"a method that is a number"}, "taken for"),
    "runs a tool beyond the scopes": Falling(
        scopes, raw(rb'"name": "wipe"'), {"a tool beyond the scopes", "its scope in a header"}, "taken for"
    ),
    "runs a tool whatever its case": Falling(
        scopes, raw(rb'"name": "WIPE"'), {"its name in another case"}, "taken for"
    ),
    "runs a tool whatever its width": Falling(
        scopes, raw(rb'"name": "\\uff57'), {"its name in wide letters"}, "taken for"
    ),
    "serves foreign pages": Falling(
        pages,
        fools(lambda a: "attacker" in a["origin"] and has_token(a)),
        {"a foreign page", "a host that begins as yours"},
        "it is served",
    ),
    "lets null read": Falling(
        pages,
        raw(rb"Origin: null", answer(204, Access_Control_Allow_Origin="null")),
        {"the origin null", "the origin null: preflight"},
        "a foreign page may read the answer",
    ),
    "allows all with credentials": Falling(
        pages,
        fools(
            lambda a: a.method == "OPTIONS" and a["origin"],
            answer(204, Access_Control_Allow_Origin="*", Access_Control_Allow_Credentials="true"),
        ),
        {"a foreign page: preflight", "the origin null: preflight", "a host that begins as yours: preflight"},
        "with credentials",
    ),
    "closes on TRACE, which is a refusal": Falling(methods, raw(rb"^TRACE", CLOSE), set()),
}
