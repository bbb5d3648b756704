"""What the token says of itself. Read without checking the signature: it is told, and nothing is decided by it."""

import base64
import binascii
import json
import time
from datetime import UTC, datetime

from gateway.doctor.case import Case
from gateway.doctor.findings import Findings, failure, not_checked, ok, warning
from gateway.doctor.wire import Json

PARTS_OF_A_JWT = 3


async def claims(case: Case) -> Findings:
    """For whom the token is, and for what."""
    found = read_unverified(case.wire.token or "")
    if found is None:
        return [not_checked("the token is opaque, only the server can read it")]
    return judge_claims(found, case.target.url, case.scopes, time.time())


def read_unverified(token: str) -> Json | None:
    """The claims of a JWT (RFC 7519 §3), None where it is none."""
    parts = token.split(".")
    if len(parts) != PARTS_OF_A_JWT:
        return None
    try:
        value = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def judge_claims(found: Json, url: str, needed: list[str], now: float) -> Findings:
    """Audience, scopes and times as the token states them."""
    audience = found.get("aud")
    names = [str(name) for name in audience] if isinstance(audience, list) else [str(audience)]
    findings: Findings = []
    if url not in names:
        text = f"its audience is {', '.join(names)}, not {url} (read without checking the signature)"
        findings.append(warning(text, "ask for it with resource=URL or this server's scope (RFC 8707; MCP)"))
    scope = found.get("scope")
    missing = [name for name in needed if name not in (scope.split() if isinstance(scope, str) else [])]
    if missing:
        findings.append(warning(f"it lacks {' '.join(missing)}", f"get a token with {' '.join(missing)}"))
    findings += judge_times(found, now)
    return findings or [ok(f"audience, scopes and times fit (read without checking the signature), {_until(found)}")]


def judge_times(found: Json, now: float) -> Findings:
    """`exp` is to come, `iat` is past, by this machine's clock."""
    expires, issued = seconds(found.get("exp")), seconds(found.get("iat"))
    if expires is not None and expires <= now:
        return [failure(f"the token expired {now - expires:.0f} s ago", "get a new one")]
    if issued is not None and issued > now + 5:
        return [
            warning(f"it was issued {issued - now:.0f} s in the future", "set this machine's clock, or the issuer's")
        ]
    return []


def seconds(value: object) -> float | None:
    """A NumericDate (RFC 7519 §2) that a calendar can hold."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value < 2**35 else None  # type: ignore[operator,arg-type]


def _until(found: Json) -> str:
    expires = seconds(found.get("exp"))
    return f"until {datetime.fromtimestamp(expires, UTC):%H:%M:%S} UTC" if expires is not None else "without an expiry"
