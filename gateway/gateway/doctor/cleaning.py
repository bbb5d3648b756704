"""What leaves an examination: one printable line, of bounded length, without the user's secrets.

Servers may send anything back, what they were given included, so nothing is believed to be harmless.
"""

import base64
from collections.abc import Sequence
from dataclasses import replace

from gateway.client.terminal import plain
from gateway.doctor.case import Case
from gateway.doctor.findings import Finding

LONGEST = 300  # characters of a text
WORTH_HIDING = 8  # characters: hiding less would hide words, and a shorter part of a token opens nothing
HIDDEN = "[hidden]"


def clean(finding: Finding, secrets: Sequence[str]) -> Finding:
    """The finding as it may be shown."""
    fix = None if finding.fix is None else _clean(finding.fix, secrets)
    return replace(finding, text=_clean(finding.text, secrets), fix=fix)


def secrets_of(case: Case) -> list[str]:
    """What must not be shown, the longest first: each secret, the parts of a token, and how HTTP sends credentials."""
    options, token = case.options, case.wire.token or ""
    given = [token, *token.split("."), options.token or "", options.introspect_secret or ""]
    given += [options.sign_in.password or ""] if options.sign_in else []
    if options.introspect_client and options.introspect_secret:
        basic = f"{options.introspect_client}:{options.introspect_secret}".encode()
        given.append(base64.b64encode(basic).decode())
    return sorted({secret for secret in given if len(secret) >= WORTH_HIDING}, key=len, reverse=True)


def _clean(text: str, secrets: Sequence[str]) -> str:
    for secret in secrets:  # before it is cut, for a cut would leave the first part of a secret
        text = text.replace(secret, HIDDEN)
    line = plain(text)
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"
