"""S7: headers that say where the request was sent to, or where it comes from."""

from urllib.parse import urlsplit

from gateway.client.origins import is_at
from gateway.doctor.attacks.attack import ATTACKER, Attack, Expected, Header, Known
from gateway.doctor.attacks.expecting import same_challenge, unchanged_document

_URLS = "build the URLs in answers from the configuration, not from the request (RFC 9728 §7.4)"
_ROUTES = "ignore headers that rename the path; remove them at the edge"
_TRUST = "decide nothing on an address that the client wrote itself"

SAYING: dict[str, tuple[list[Header], str]] = {
    "another Host": ([("Host", ATTACKER)], _URLS),
    "X-Forwarded-Host": ([("X-Forwarded-Host", ATTACKER), ("X-Forwarded-Server", ATTACKER)], _URLS),
    "X-Forwarded-Proto": ([("X-Forwarded-Proto", "http"), ("X-Forwarded-Port", "81")], _URLS),
    "X-Forwarded-Prefix": ([("X-Forwarded-Prefix", f"//{ATTACKER}")], _URLS),
    "Forwarded": ([("Forwarded", f"for=127.0.0.1;host={ATTACKER};proto=http")], _URLS),
    "X-Original-URL": ([("X-Original-URL", "/health"), ("X-Rewrite-URL", "/health")], _ROUTES),
    "from loopback, it says": ([("X-Forwarded-For", "127.0.0.1"), ("X-Real-IP", "127.0.0.1")], _TRUST),
}


def attacks(known: Known) -> list[Attack]:
    """No effect on the decision, nor on the URLs in an answer."""
    same = same_challenge(known.refusal)
    found = [
        Attack("S7", title, known.post(*headers), same, fix).unless(known.shut)
        for title, (headers, fix) in SAYING.items()
    ]
    absolute = known.post(path=f"http://{ATTACKER}{known.path}")
    found.append(Attack("S7", "another host in the request line", absolute, same, _URLS).unless(known.shut))
    two = known.post(("Host", known.host), ("Host", ATTACKER))
    found.append(Attack("S7", "two Hosts", two, same, "refuse a second Host (RFC 9112 §3.2)").unless(known.shut))
    return [*found, *_metadata(known)]


def _metadata(known: Known) -> list[Attack]:
    """The document to which the challenge leads, if this very server has it."""
    url = known.metadata_url or ""
    reason = None if is_at(url, known.target.origin) else "its metadata is elsewhere, or there is none"
    expected = Expected("the same document", unchanged_document)
    path = urlsplit(url).path if reason is None else "/"
    named: dict[str, list[Header]] = {
        "metadata, another Host": [("Host", ATTACKER)],
        "metadata, X-Forwarded-Host": [("X-Forwarded-Host", ATTACKER), ("Forwarded", f"host={ATTACKER}")],
    }
    return [
        Attack("S7", title, known.head("GET", path, *headers), expected, _URLS).unless(reason)
        for title, headers in named.items()
    ]
