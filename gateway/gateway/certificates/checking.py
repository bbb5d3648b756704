"""Judges certificates: a pure function from what the files hold to what is wrong with it, if anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from gateway.certificates.issuing import CA_NAME
from gateway.certificates.leaves import Leaf

RENEW_WITHIN = timedelta(days=30)


class Fault(Enum):
    """What can be wrong, worst first."""

    MISSING = "missing"
    KEY = "key"
    FOREIGN = "foreign"  # signed by a CA that is neither ca.crt nor one of ours: somebody put it there
    CHAIN = "chain"
    EXPIRED = "expired"
    NAMES = "names"
    USAGE = "usage"
    EXPIRING = "expiring"  # still good


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault with a phrase that tells a person about it ("expired on 2026-01-01")."""

    fault: Fault
    text: str

    @property
    def is_fatal(self) -> bool:
        """Whether the certificate cannot be used as it is."""
        return self.fault is not Fault.EXPIRING


def problem_with_leaf(
    leaf: Leaf,
    chain: Sequence[x509.Certificate],
    key: PrivateKeyTypes | None,
    authorities: Sequence[x509.Certificate],
    now: datetime,
) -> Problem | None:
    """The worst problem of `leaf`'s certificate: `chain` is its file, `authorities` is ca.crt."""
    if not chain or not authorities:
        return Problem(Fault.MISSING, "there is none" if not chain else "there is no ca.crt to check it against")
    certificate = chain[0]
    if not belong_together(certificate, key):
        return Problem(Fault.KEY, "its key is missing or belongs to another certificate")
    expiry = problem_with_dates(certificate, now)
    return (
        _problem_with_issuer(chain, authorities)
        or (expiry if expiry and expiry.is_fatal else None)
        or _problem_with_names(leaf, certificate)
        or _problem_with_chain(leaf, chain, authorities, now)
        or _problem_with_usage(leaf, certificate)
        or expiry
    )


def problem_with_dates(certificate: x509.Certificate, now: datetime) -> Problem | None:
    """Expired, not yet valid, or to be renewed within 30 days."""
    if now < certificate.not_valid_before_utc:
        return Problem(Fault.EXPIRED, f"not valid before {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC")
    if now >= certificate.not_valid_after_utc:
        return Problem(Fault.EXPIRED, f"expired on {certificate.not_valid_after_utc:%Y-%m-%d}")
    if now >= certificate.not_valid_after_utc - RENEW_WITHIN:
        return Problem(Fault.EXPIRING, f"expires on {certificate.not_valid_after_utc:%Y-%m-%d}")
    return None


def belong_together(certificate: x509.Certificate, key: PrivateKeyTypes | None) -> bool:
    """Whether `key` is the private half of what `certificate` certifies."""
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return key is not None and certificate.public_key().public_bytes(*form) == key.public_key().public_bytes(*form)


def common_name(name: x509.Name) -> str:
    """The CN of `name`, or all of it where it has none."""
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else name.rfc4514_string()


def alternative_names(certificate: x509.Certificate) -> list[str]:
    """The DNS names and addresses for which `certificate` stands."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [
        *names.get_values_for_type(x509.DNSName),
        *(str(address) for address in names.get_values_for_type(x509.IPAddress)),
    ]


def _problem_with_issuer(chain: Sequence[x509.Certificate], authorities: Sequence[x509.Certificate]) -> Problem | None:
    issuer = chain[-1].issuer
    known = issuer in [authority.subject for authority in authorities] or common_name(issuer) == CA_NAME
    return None if known else Problem(Fault.FOREIGN, f"it was issued by {common_name(issuer)}, not by ca.crt")


def _problem_with_names(leaf: Leaf, certificate: x509.Certificate) -> Problem | None:
    wanted = [*leaf.dns_names, *map(str, leaf.addresses)]
    lacking = [name for name in wanted if name not in alternative_names(certificate)]
    return Problem(Fault.NAMES, f"it does not stand for {', '.join(lacking)}") if lacking else None


def _problem_with_chain(
    leaf: Leaf, chain: Sequence[x509.Certificate], authorities: Sequence[x509.Certificate], now: datetime
) -> Problem | None:
    verifier = PolicyBuilder().store(Store(list(authorities))).time(now)
    try:
        verifier.build_server_verifier(x509.DNSName(leaf.dns_names[0])).verify(chain[0], list(chain[1:]))
    except VerificationError as error:
        return Problem(Fault.CHAIN, f"it does not chain to ca.crt ({error})")
    return None


def _problem_with_usage(leaf: Leaf, certificate: x509.Certificate) -> Problem | None:
    try:
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return Problem(Fault.USAGE, "it has no extended key usage")
    if leaf.client is not (ExtendedKeyUsageOID.CLIENT_AUTH in usages):
        return Problem(Fault.USAGE, f"its extended key usage {'lacks' if leaf.client else 'includes'} clientAuth")
    return None
