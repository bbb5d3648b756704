"""Puts another CA in the place of ours, in three steps that each leave everything working.

A CA can only be replaced without a failure if both are trusted for a while: whoever trusts the old one alone would
refuse what the new one signs, and the other way round. So the new one is first only trusted (`add`), then it signs
(`use`), and only then is the old one trusted no longer (`drop`). Between the steps the new ca.crt goes to every client.
"""

import os
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from cryptography import x509

from gateway.certificates.checking import Fault, belong_together, problem_with_leaf
from gateway.certificates.ensure import Tell, ensure_certificates, signing_authority
from gateway.certificates.errors import CertificateError
from gateway.certificates.files import Pair, read_certificates, read_key, write_certificate, write_key
from gateway.certificates.issuing import Authority, issue_ca, new_key
from gateway.certificates.leaves import leaves


class Rotation(StrEnum):
    """The steps, in their order."""

    ADD = "add"
    USE = "use"
    DROP = "drop"


def rotate_ca(directory: Path, step: Rotation, *, public_host: str, tell: Tell, now: datetime | None = None) -> None:
    """Do one step in `directory`. Each may be repeated, after a crash half-way for instance.

    Raises:
        CertificateError: there is no CA with its key, or it is not this step's turn; says what to do instead.
    """
    moment = now or datetime.now(UTC)
    match step:
        case Rotation.ADD:
            _add(directory, moment, tell)
        case Rotation.USE:
            _use(directory, public_host, moment, tell)
        case Rotation.DROP:
            _drop(directory, public_host, moment, tell)


def _add(directory: Path, now: datetime, tell: Tell) -> None:
    ca, following = Pair(directory, "ca"), Pair(directory, "ca-next")
    certificates, _ = _trusted(ca)
    key = read_key(following)
    if key is None:
        key = new_key()
        write_key(following, key)  # before the certificate: nobody is to trust a CA whose key was lost in between
    if not any(belong_together(certificate, key) for certificate in certificates):
        write_certificate(ca, *certificates, issue_ca(key, now))  # type: ignore[arg-type]  # it may sign: it is ours
    tell(f"{ca.crt} now holds the next CA too; it signs nothing yet. Give the file to every client, then: use")


def _use(directory: Path, public_host: str, now: datetime, tell: Tell) -> None:
    ca, following, former = (Pair(directory, name) for name in ("ca", "ca-next", "ca-old"))
    certificates, _ = _trusted(ca)
    key = read_key(following)
    if key is not None and any(belong_together(certificate, key) for certificate in certificates):
        former.key.unlink(missing_ok=True)
        os.link(ca.key, former.key)  # the way back, until the old CA is dropped
        following.key.replace(ca.key)
    elif key is not None or not former.key.exists():  # not even half-way through this step
        raise CertificateError(f"{ca.crt} does not hold a next CA yet: add one first")
    ensure_certificates(directory, public_host=public_host, renew=True, now=now, tell=tell)
    tell(f"The new CA signed all certificates; {ca.crt} still holds the old one. Once no client needs it: drop")


def _drop(directory: Path, public_host: str, now: datetime, tell: Tell) -> None:
    ca = Pair(directory, "ca")
    _, authority = _trusted(ca)
    for leaf in leaves(public_host):
        pair = Pair(directory, leaf.name)
        chain, key = read_certificates(pair), read_key(pair)
        problem = problem_with_leaf(leaf, chain, key, [authority.certificate], now)
        if problem and problem.fault in (Fault.MISSING, Fault.FOREIGN, Fault.CHAIN):
            raise CertificateError(f"{pair.crt} still needs another CA than the one of ca.key: renew it first")
    write_certificate(ca, authority.certificate)
    for name in ("ca-old", "ca-next"):
        Pair(directory, name).key.unlink(missing_ok=True)
    tell(f"{ca.crt} holds one CA, the one that signs: give it to every client")


def _trusted(ca: Pair) -> tuple[list[x509.Certificate], Authority]:
    certificates, key = read_certificates(ca), read_key(ca)
    authority = signing_authority(ca, certificates, key) if certificates else None
    if authority is None:
        raise CertificateError(
            f"{ca.crt} and {ca.key.name} are not both there: only a CA that signs here is replaced here"
        )
    return certificates, authority
