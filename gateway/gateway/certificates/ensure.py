"""Sees to it that the certificates are there and good; touches nothing that is."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from gateway.certificates.checking import (
    Fault,
    Problem,
    belong_together,
    common_name,
    problem_with_dates,
    problem_with_leaf,
)
from gateway.certificates.errors import CertificateError
from gateway.certificates.files import (
    Pair,
    hide_key,
    make_directory,
    read_certificates,
    read_key,
    write_certificate,
    write_key,
)
from gateway.certificates.issuing import CA_NAME, Authority, issue_ca, issue_leaf, new_key
from gateway.certificates.leaves import Leaf, leaves

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Visit:
    """One look at the directory: at what time, and who is told what was found."""

    now: datetime
    say: Tell


def ensure_certificates(
    directory: Path, *, public_host: str, renew: bool = False, now: datetime | None = None, tell: Tell | None = None
) -> None:
    """Make what is missing in `directory` and renew what is about to expire, or no longer fits.

    `public_host` is the host of the public URL. `renew` issues every leaf anew. `tell` gets one sentence for each
    thing that a user should know (default: a line on stderr).

    A CA of one's own may lie there, with its key (leaves are then signed by it) or without (then the leaves must be
    there too). A CA's key is never replaced.

    Raises:
        CertificateError: a file is broken, or a leaf is needed and there is no key to sign it; names file and mend.
    """
    visit = _Visit(now or datetime.now(UTC), tell or _print)
    make_directory(directory)
    authorities, authority = _authority(Pair(directory, "ca"), visit)
    for leaf in leaves(public_host):
        pair = Pair(directory, leaf.name)
        problem = problem_with_leaf(leaf, read_certificates(pair), read_key(pair), authorities, visit.now)
        if problem and not _is_ours_to_mend(problem, pair, authority, visit):
            continue
        if problem or renew:
            _issue(leaf, pair, authority, visit)
    for name in ("ca", *(leaf.name for leaf in leaves(public_host))):
        if hide_key(Pair(directory, name)):
            visit.say(f"{Pair(directory, name).key} was readable by everybody on this machine; it no longer is")


def _authority(pair: Pair, visit: _Visit) -> tuple[list[x509.Certificate], Authority | None]:
    """What is in ca.crt, and the CA as something that can sign, if its key is there.

    While one CA takes the place of another there are two in ca.crt (rotating.py); the one whose key is ca.key signs.
    """
    certificates, key = read_certificates(pair), read_key(pair)
    if not certificates and key is None:
        key = new_key()
        write_key(pair, key)
        certificates = [issue_ca(key, visit.now)]
        write_certificate(pair, *certificates)
    elif not certificates:
        raise CertificateError(f"{pair.key} is there but {pair.crt.name} is not: restore it, or remove {pair.key.name}")
    authority = signing_authority(pair, certificates, key)
    problem = problem_with_dates(authority.certificate if authority else certificates[0], visit.now)
    return _aged_authority(pair, certificates, authority, problem, visit) if problem else (certificates, authority)


def signing_authority(
    pair: Pair, certificates: list[x509.Certificate], key: PrivateKeyTypes | None
) -> Authority | None:
    """The one of `certificates` that `key` belongs to. Raises CertificateError if it belongs to none."""
    if key is None:
        return None
    for certificate in certificates:
        if belong_together(certificate, key):
            return Authority(certificate, key)  # type: ignore[arg-type]  # every key that is certified may sign
    raise CertificateError(f"{pair.key} is not the key of {pair.crt}: restore the one that belongs to it")


def _aged_authority(
    pair: Pair, certificates: list[x509.Certificate], authority: Authority | None, problem: Problem, visit: _Visit
) -> tuple[list[x509.Certificate], Authority | None]:
    if authority and common_name(authority.certificate.subject) == CA_NAME:
        # The same key signs the same name anew, so what the old one signed stays good for whoever has the new one.
        renewed = issue_ca(authority.key, visit.now)
        certificates = [renewed if one == authority.certificate else one for one in certificates]
        write_certificate(pair, *certificates)
        visit.say(f"The CA in {pair.crt} {problem.text} and was renewed: give the new ca.crt to every client")
        return certificates, Authority(renewed, authority.key)
    if problem.is_fatal:
        raise CertificateError(f"The CA in {pair.crt} {problem.text}: replace it, and the certificates it signed")
    visit.say(f"The CA in {pair.crt} {problem.text}: replace it before that, and the certificates it signed")
    return certificates, authority


def _is_ours_to_mend(problem: Problem, pair: Pair, authority: Authority | None, visit: _Visit) -> bool:
    """False for a certificate from elsewhere that is still good; raises where only its owner can replace it."""
    if problem.fault is Fault.FOREIGN:
        raise CertificateError(
            f"{pair.crt}: {problem.text}. Put that CA into ca.crt, or remove {pair.crt.name} and {pair.key.name}"
            " to have new ones issued"
        )
    if authority is None and problem.is_fatal:
        raise CertificateError(f"{pair.crt}: {problem.text}, and there is no ca.key to issue one. Put one there")
    if authority is None:
        visit.say(f"{pair.crt}: {problem.text}, and there is no ca.key to issue another: replace it before that")
    return authority is not None


def _issue(leaf: Leaf, pair: Pair, authority: Authority | None, visit: _Visit) -> None:
    if authority is None:
        raise CertificateError(f"{pair.crt} cannot be renewed: there is no ca.key to issue another")
    key = new_key()
    certificate = issue_leaf(leaf, key, authority, visit.now)
    # The key first: whoever watches the directory sees a pair that fits once the certificate, the last, is in place.
    write_key(pair, key)
    write_certificate(pair, certificate)


def _print(sentence: str) -> None:
    print(sentence, file=sys.stderr)
