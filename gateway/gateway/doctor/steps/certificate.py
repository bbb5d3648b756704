"""The server's certificate, judged as a client judges it: chain, dates and names, each told apart."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.x509.oid import NameOID

from gateway.certificates.issuing import CA_NAME
from gateway.doctor.case import Case
from gateway.doctor.findings import Finding, Findings, failure, not_checked, ok, warning
from gateway.doctor.steps.tls import hello, unverified

SOON = timedelta(days=14)
# OpenSSL's verdicts (X509_V_ERR_…, x509_vfy.h); Python has no names for them
NOT_YET_VALID, EXPIRED, SELF_SIGNED, HOSTNAME, ADDRESS = 9, 10, 18, 62, 64
RENEW = "renew it (ours: mcp-gateway certs --renew)"


@dataclass(frozen=True, slots=True)
class Shown:
    """What a certificate says of itself."""

    names: tuple[str, ...]
    issuer: str
    expires: datetime


async def certificate(case: Case) -> Findings:
    """It is trusted, for this name, now and for some time to come."""
    if not case.target.is_tls:
        return [not_checked("the URL is plain http")]
    _, _, der = await hello(case.target, unverified(), case.options.step_seconds)
    shown = read(der)
    try:
        await hello(case.target, case.options.trust, case.options.step_seconds)
    except ssl.SSLCertVerificationError as error:
        case.blocked = "the certificate is not trusted"
        return [judge_error(error.verify_code, error.verify_message, shown, case.target.host)]
    return [judge_expiry(shown, datetime.now(UTC))]


def read(der: bytes) -> Shown:
    """Take a certificate apart; what is odd in it stays empty, for the verdict on it is OpenSSL's."""
    try:
        found = x509.load_der_x509_certificate(der)
        issuer = found.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)
        return Shown(_names(found), str(issuer[0].value) if issuer else "no name", found.not_valid_after_utc)
    except ValueError:
        return Shown((), "unreadable", datetime.fromtimestamp(0, UTC))


def judge_error(code: int, message: str, shown: Shown, host: str) -> Finding:
    """Why OpenSSL refused the certificate."""
    if code == EXPIRED:
        return failure(f"expired on {shown.expires:%Y-%m-%d}, or a certificate above it did", RENEW)
    if code == NOT_YET_VALID:
        return failure("is not valid yet", "set the clock of this machine, or of the one that signed it")
    if code in (HOSTNAME, ADDRESS):
        names = ", ".join(shown.names) or "nothing"
        return failure(f"is for {names}, not for {host}", f"have one issued that names {host} (ours: PUBLIC_URL)")
    if code == SELF_SIGNED:
        return failure("is self-signed: no CA vouches for it", "use one of a CA, or trust just this one: --ca FILE")
    if shown.issuer == CA_NAME:
        return failure(f"is signed by another {CA_NAME} than ours", "give that gateway's certs/ca.crt: --ca FILE")
    fix = "give the CA: --ca FILE; for a public CA, serve the whole chain"
    return failure(f"is signed by {shown.issuer}, which is not trusted here ({message})", fix)


def judge_expiry(shown: Shown, now: datetime) -> Finding:
    """A certificate that is trusted today."""
    left = shown.expires - now
    if left < SOON:
        return warning(f"expires in {left.days} days, on {shown.expires:%Y-%m-%d}", RENEW)
    return ok(f"trusted, signed by {shown.issuer}, until {shown.expires:%Y-%m-%d}")


def _names(found: x509.Certificate) -> tuple[str, ...]:
    try:
        named = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return ()
    return tuple(str(value) for kind in (x509.DNSName, x509.IPAddress) for value in named.get_values_for_type(kind))
