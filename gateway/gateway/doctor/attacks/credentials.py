"""S2, S3: requests whose credentials are absent, malformed, doubled, too long, or in the wrong place."""

import secrets

from gateway.doctor.attacks.attack import Attack, Header, Known
from gateway.doctor.attacks.expecting import REFUSED, same_challenge

MADE_UP = secrets.token_urlsafe(24)
_READ = "read one Authorization header, of the form `Bearer <b64token>`, and refuse the rest (RFC 6750 §2.1)"
_ELSEWHERE = "read tokens from the Authorization header only (MCP authorization, Token Requirements)"

MALFORMED: dict[str, str | bytes] = {
    "an empty Authorization": "",
    "Bearer without a token": "Bearer",
    "two credentials with a comma": f"Bearer {MADE_UP}, Bearer {MADE_UP}x",
    "a tab after the scheme": f"Bearer\t{MADE_UP}",
    "a token with a NUL": b"Bearer a\x00b",
    "a token beyond ASCII": "Bearer tök€n".encode(),
    "the scheme Basic": "Basic YWRtaW46YWRtaW4=",
    "a token without a scheme": MADE_UP,
    "a token of 20 KiB": "Bearer " + "a" * 20 * 1024,
}

ELSEWHERE: dict[str, list[Header]] = {
    "a token in other headers": [
        ("Proxy-Authorization", f"Bearer {MADE_UP}"),
        ("X-Authorization", f"Bearer {MADE_UP}"),
        ("X-Access-Token", MADE_UP),
    ],
    "a token in a cookie": [("Cookie", f"access_token={MADE_UP}; Authorization=Bearer%20{MADE_UP}")],
}


def attacks(known: Known) -> list[Attack]:
    """None of them is a token, so all are refused. The user's own is sent in its header and nowhere else."""
    malformed = [
        Attack("S2", title, known.post(("Authorization", value)), REFUSED, _READ) for title, value in MALFORMED.items()
    ]
    return [a.unless(known.shut) for a in [_absent(known), *malformed, *_doubled(known), *_elsewhere(known)]]


def _absent(known: Known) -> Attack:
    return Attack("S2", "no Authorization", known.post(), REFUSED, "ask for a token at every request to an MCP server")


def _doubled(known: Known) -> list[Attack]:
    made_up: Header = ("Authorization", f"Bearer {MADE_UP}")
    attacks = [Attack("S2", "two made-up tokens", known.post(made_up, made_up), REFUSED, _READ)]
    without = None if known.token else "there is no token"
    real: Header = ("Authorization", f"Bearer {known.token}")
    for title, pair in {
        "your token, then a made-up one": (real, made_up),
        "a made-up token, then yours": (made_up, real),
    }.items():
        attacks.append(Attack("S2", title, known.post(*pair), REFUSED, _READ).unless(without))
    return attacks


def _elsewhere(known: Known) -> list[Attack]:
    unlooked = same_challenge(known.refusal)  # a made-up token that was looked at changes the challenge
    query = known.post(path=f"{known.path}?access_token={MADE_UP}")
    found = [Attack("S3", "a token in the query", query, unlooked, _ELSEWHERE)]
    form = f"access_token={MADE_UP}".encode()
    head = (("Content-Type", "application/x-www-form-urlencoded"), ("Content-Length", str(len(form))))
    found.append(Attack("S3", "a token in a form", known.head("POST", known.path, *head) + form, unlooked, _ELSEWHERE))
    return found + [Attack("S3", title, known.post(*named), unlooked, _ELSEWHERE) for title, named in ELSEWHERE.items()]
