"""S16: what a web page of somebody else's gets, in the browser of a person who may use the server."""

from http import HTTPStatus
from urllib.parse import urlsplit

from gateway.doctor.attacks.attack import ATTACKER, Attack, Expected, Header, Known
from gateway.doctor.attacks.exchange import Heard
from gateway.doctor.attacks.expecting import closed_to_pages

_ORIGIN = "answer 403 to every Origin that is not on a list, compared whole (MCP transports, Security Warning)"
_CORS = "name origins from a list in Access-Control-Allow-Origin, and allow no credentials (Fetch Standard, CORS)"


def origins(known: Known) -> dict[str, str]:
    """Foreign ones, and such as look like one that may be allowed."""
    parts = urlsplit(known.origin)
    return {
        "a foreign page": f"https://{ATTACKER}",
        "the origin null": "null",
        "a host that begins as yours": f"{parts.scheme}://{parts.hostname}.{ATTACKER}",
    }


def attacks(known: Known) -> list[Attack]:
    """A preflight never carries a token; the request itself does where there is one."""
    closed = Expected("not readable", closed_to_pages)
    ask: list[Header] = [("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "authorization")]
    found = []
    for title, origin in origins(known).items():
        sent: Header = ("Origin", origin)
        found += [
            Attack("S16", f"{title}: preflight", known.head("OPTIONS", known.path, sent, *ask), closed, _CORS),
            Attack("S16", title, known.post(*known.inside, sent), FORBIDDEN, _ORIGIN).unless(known.no_entry),
        ]
    return found


def _served(heard: Heard) -> str | None:
    if fault := closed_to_pages(heard):
        return fault
    return "it is served" if heard.status in range(HTTPStatus.OK, HTTPStatus.MULTIPLE_CHOICES) else None


FORBIDDEN = Expected("refused", _served)
