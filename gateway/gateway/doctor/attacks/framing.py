"""S8: requests of which two readers may see different ends (request smuggling, RFC 9112 §11.2)."""

from gateway.doctor.attacks.attack import Attack, Header, Known
from gateway.doctor.attacks.expecting import BAD_REQUEST, ONE_REFUSAL

_LENGTHS = "refuse two lengths, or a length that is no number (RFC 9112 §6.3)"
_BOTH = "refuse Content-Length beside Transfer-Encoding, and close the connection (RFC 9112 §6.1)"
_CODING = "refuse a transfer coding that is not understood (RFC 9112 §6.1)"
_LINES = "refuse it with 400 (RFC 9112 §5.1, §5.2), or read it as every other server on the way does"
_END = b"0\r\n\r\n"


def attacks(known: Known) -> list[Attack]:
    """A complete request by either reading, so that nobody waits for the rest; a second answer is the proof."""
    inner = known.head("GET", "/health")
    hidden = _END + inner
    return [
        attack.unless(known.shut)
        for attack in (
            _attack(known, "a length and chunks", hidden, [("Content-Length", _size(hidden)), CHUNKED], _BOTH),
            _attack(known, "two lengths", b"{}" + inner, [("Content-Length", "2"), ("Content-Length", "3")], _LENGTHS),
            _attack(known, "a length with a sign", b"{}", [("Content-Length", "+2")], _LENGTHS),
            _attack(known, "a negative length", b"{}", [("Content-Length", "-2")], _LENGTHS),
            _attack(known, "chunks twice", hidden, [CHUNKED, ("Transfer-Encoding", "identity")], _CODING),
            _attack(known, "an unknown coding", hidden, [("Transfer-Encoding", "xchunked")], _CODING),
            _attack(known, "a coding after a tab", hidden, [("Transfer-Encoding", "\x0bchunked")], _CODING),
            _odd_line(known, "a space before the colon", b"Content-Length : 0\r\n"),
            _odd_line(known, "a folded line", b"X-Folded: a\r\n b\r\n"),
            _odd_line(known, "a carriage return alone", b"X-Bare: a\rTransfer-Encoding: chunked\r\n"),
            Attack("S8", "line feeds alone", _kept(known).replace(b"\r\n", b"\n"), ONE_REFUSAL, _LINES),
        )
    ]


CHUNKED: Header = ("Transfer-Encoding", "chunked")


def _attack(known: Known, title: str, body: bytes, headers: list[Header], fix: str) -> Attack:
    request = _alive(known.head("POST", known.path, ("Content-Type", "application/json"), *headers)) + body
    # RFC 9112 lets a server take the chunks, if it closes the connection then; of two lengths there is no good one.
    expected = ONE_REFUSAL if fix in (_BOTH, _CODING) else BAD_REQUEST
    return Attack("S8", title, request, expected, fix)


def _odd_line(known: Known, title: str, line: bytes) -> Attack:
    request = _kept(known).replace(b"\r\n\r\n", b"\r\n" + line + b"\r\n", 1)
    return Attack("S8", title, request, ONE_REFUSAL, _LINES)


def _kept(known: Known) -> bytes:
    return _alive(known.head("GET", known.path))


def _alive(head: bytes) -> bytes:
    """The connection is kept, or nobody would read the second request."""
    return head.replace(b"Connection: close\r\n", b"")


def _size(body: bytes) -> str:
    return str(len(body))
