"""All attacks, in the order of their classes."""

from gateway.doctor.attacks import (
    bodies,
    credentials,
    forgeries,
    framing,
    hosts,
    identity,
    methods,
    pages,
    paths,
    scopes,
    sizes,
)
from gateway.doctor.attacks.attack import Attack, Known

MAKERS = (identity, credentials, forgeries, paths, hosts, methods, framing, sizes, bodies, scopes, pages)

KINDS = {
    "S1": "identity headers of the client's own",
    "S2": "credentials that are none",
    "S3": "tokens in the wrong place",
    "S4": "tokens that nobody issued",
    "S6": "other spellings of the path",
    "S7": "Host and forwarding headers",
    "S8": "methods, protocols and framing",
    "S9": "sizes",
    "S12": "JSON",
    "S14": "scopes",
    "S16": "pages of other origins",
}


def attacks_on(known: Known) -> list[Attack]:
    """All. Made anew for each target: paths, hosts and tokens are its own."""
    return [attack for maker in MAKERS for attack in maker.attacks(known)]
