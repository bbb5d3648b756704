"""What the certificates look like, as values: for the table, for JSON, and for a test."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509

from gateway.certificates.checking import (
    Fault,
    Problem,
    alternative_names,
    belong_together,
    common_name,
    problem_with_dates,
    problem_with_leaf,
)
from gateway.certificates.errors import CertificateError
from gateway.certificates.files import Pair, read_certificates, read_key
from gateway.certificates.leaves import leaves

SPARE_THE_CHAIN = (Fault.NAMES, Fault.USAGE, Fault.EXPIRING)


@dataclass(frozen=True, slots=True)
class Row:
    """One certificate. `days_left` is in whole days, negative once expired; `problem` is None where all is well."""

    file: str
    subject: str
    names: list[str]
    issuer: str
    expires: str
    days_left: int
    chain_ok: bool
    problem: str | None
    is_usable: bool


def report(directory: Path, public_host: str, now: datetime) -> Iterator[Row]:
    """One row for the CA and one for each leaf, the unreadable ones included."""
    authorities: list[x509.Certificate] = []
    ca = Pair(directory, "ca")
    try:
        authorities = read_certificates(ca)
        yield from _authorities(ca, authorities, now)
    except CertificateError as error:
        yield _broken(ca, str(error))
    for leaf in leaves(public_host):
        pair = Pair(directory, leaf.name)
        try:
            chain, key = read_certificates(pair), read_key(pair)
            yield _row(pair, chain, problem_with_leaf(leaf, chain, key, authorities, now), now)
        except CertificateError as error:
            yield _broken(pair, str(error))


def _authorities(ca: Pair, authorities: list[x509.Certificate], now: datetime) -> Iterator[Row]:
    """A row for each: there are two while one takes the place of the other."""
    if not authorities:
        yield _broken(ca, "there is none")
    key = read_key(ca)
    lost = key is not None and not any(belong_together(authority, key) for authority in authorities)
    for authority in authorities:
        problem = Problem(Fault.KEY, "ca.key belongs to another certificate") if lost else None
        yield _row(ca, [authority], problem or problem_with_dates(authority, now), now)


def _row(pair: Pair, chain: list[x509.Certificate], problem: Problem | None, now: datetime) -> Row:
    if not chain:
        return _broken(pair, problem.text if problem else "there is none")
    certificate = chain[0]
    return Row(
        file=pair.crt.name,
        subject=common_name(certificate.subject),
        names=alternative_names(certificate),
        issuer=common_name(certificate.issuer),
        expires=f"{certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}",
        days_left=(certificate.not_valid_after_utc - now).days,
        chain_ok=problem is None or problem.fault in SPARE_THE_CHAIN,
        problem=problem.text if problem else None,
        is_usable=problem is None or not problem.is_fatal,
    )


def _broken(pair: Pair, text: str) -> Row:
    return Row(pair.crt.name, "", [], "", "", 0, chain_ok=False, problem=text, is_usable=False)
