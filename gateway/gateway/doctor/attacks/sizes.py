"""S9: more than anybody needs. One request each: this is no flood."""

from gateway.doctor.attacks.attack import Attack, Header, Known
from gateway.doctor.attacks.expecting import REFUSED, REFUSED_RATHER

_HEADERS = "limit header bytes (32 KiB are plenty) and their number, and answer 431 (RFC 6585 §5)"
_BODY = "limit bodies (1 MiB is plenty), and answer 413"
BODY_BYTES = 2 * 1024 * 1024


def attacks(known: Known) -> list[Attack]:
    """The body comes with the token where there is one: without, what is refused is the stranger."""
    many: list[Header] = [(f"X-Many-{number}", "x") for number in range(1000)]
    body = b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"padding":"' + b"a" * BODY_BYTES + b'"}}'
    found = [
        Attack("S9", "a header of 80 KiB", known.post(("X-Long", "a" * 80 * 1024)), REFUSED, _HEADERS),
        Attack("S9", "1,000 headers", known.post(*many), REFUSED, _HEADERS),
        Attack("S9", "a path of 80 KiB", known.post(path=f"{known.path}/{'a' * 80 * 1024}"), REFUSED, "answer 414"),
    ]
    with_body = Attack("S9", "a body of 2 MiB", known.post(*known.inside, body=body), REFUSED_RATHER, _BODY)
    return [*(attack.unless(known.shut) for attack in found), with_body.unless(known.no_entry and known.shut)]
