"""S8: other methods than POST, other versions of HTTP, and other protocols."""

from gateway.doctor.attacks.attack import ATTACKER, Attack, Header, Known
from gateway.doctor.attacks.expecting import REFUSED, REFUSED_OR_MOVED

_METHODS = "let POST, GET, DELETE and OPTIONS pass, and ask for a token at every one but OPTIONS"
_OVERRIDE = "ignore headers and parameters that rename the method; remove them at the edge"
_TUNNEL = "refuse CONNECT and upgrades"

OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")
UPGRADES: dict[str, list[Header]] = {
    "an upgrade to WebSocket": [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "ZG9jdG9yLWF0dGFja3MhIQ=="),
    ],
    "an upgrade to h2c": [
        ("Connection", "Upgrade, HTTP2-Settings"),
        ("Upgrade", "h2c"),
        ("HTTP2-Settings", "AAMAAABkAARAAAAAAAIAAAAA"),
    ],
}


def attacks(known: Known) -> list[Attack]:
    """All without a token, so that nothing is done where one passes."""
    path = known.path
    found = [
        Attack("S8", f"the method {method}", known.head(method, path, ("Content-Length", "0")), REFUSED, _METHODS)
        for method in ("GET", "DELETE", "TRACE", "FOO")
    ]
    renaming: list[Header] = [(name, "OPTIONS") for name in OVERRIDES]
    found += [
        Attack("S8", "headers that say OPTIONS", known.post(*renaming), REFUSED, _OVERRIDE),
        Attack("S8", "a parameter _method", known.post(path=f"{path}?_method=OPTIONS"), REFUSED, _OVERRIDE),
        Attack("S8", "CONNECT", known.head("CONNECT", f"{ATTACKER}:443"), REFUSED, _TUNNEL),
        Attack("S8", "HTTP/1.0", known.head("GET", path, version="1.0"), REFUSED_OR_MOVED, _METHODS),
        Attack("S8", "HTTP/3.7", known.head("GET", path, version="3.7"), REFUSED_OR_MOVED, "answer 505 or 400"),
    ]
    found += [
        Attack("S8", title, known.head("GET", path, *headers), REFUSED, _TUNNEL) for title, headers in UPGRADES.items()
    ]
    return [attack.unless(known.shut) for attack in found]
