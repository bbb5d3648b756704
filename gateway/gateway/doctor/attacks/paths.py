"""S6: the same server by another spelling of its path, which a rule about paths may not know."""

from gateway.doctor.attacks.attack import Attack, Known
from gateway.doctor.attacks.expecting import REFUSED_OR_MOVED

_FIX = "normalise the path once, before routes and rules look at it, or refuse it; decide on the route, not on its text"


def attacks(known: Known) -> list[Attack]:
    """None gets in without a token. Where one leads to is of no interest: a 404 is as good as a 401."""
    return [
        Attack("S6", title, known.post(path=path), REFUSED_OR_MOVED, _FIX).unless(known.shut)
        for title, path in spellings(known.path, known.target.origin).items()
    ]


def spellings(path: str, origin: str) -> dict[str, str]:
    """By what is done to the path, for one of any number of segments, none included."""
    whole = path.rstrip("/") or "/mcp"
    parent, _, last = whole.rpartition("/")
    above = parent or "/."  # a path begins with a slash
    coded = "".join(f"%{ord(letter):02x}" for letter in last[:1]) + last[1:]
    up = "/.well-known/oauth-protected-resource"
    return {
        "a segment and ..": f"{parent}/x/../{last}",
        "a segment and %2e%2e": f"{parent}/x/%2e%2e/{last}",
        "a segment and %252e%252e": f"{parent}/x/%252e%252e/{last}",
        "a segment and ..;": f"{parent}/x/..;/{last}",
        "dots in overlong UTF-8": f"{parent}/x/%c0%ae%c0%ae/{last}",
        "an encoded slash": f"{above}%2f{last}",
        "an encoded backslash": f"{above}%5c{last}",
        "a backslash": f"{above}\\{last}",
        "an encoded letter": f"{parent}/{coded}",
        "a doubled slash": f"/{whole}",
        "a slash more or less": whole if path.endswith("/") and path != "/" else f"{whole}/",
        "another case": f"{whole.swapcase()}",
        "a parameter": f"{whole};a=b",
        "a name that begins like it": f"{whole}x",
        "an encoded NUL": f"{whole}%00",
        "a fragment": f"{whole}#/health",
        "out of the health check": f"/health/..{whole}",
        "out of the metadata, encoded": f"{up}/%2e%2e/%2e%2e{whole}",
        "the absolute form": f"{origin}{whole}",
    }
