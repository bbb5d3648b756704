"""Makes certificates: pure functions from keys, names and a time to certificates. Nothing here touches a file.

All keys are EC P-256. The extensions are those that RFC 5280 asks for and `openssl verify -x509_strict` checks
(Python's default since 3.13).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes, PublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.certificates.leaves import Leaf

CA_NAME = "MCP-Gateway-CA"
CA_LIFE = timedelta(days=3652)  # ten years
LEAF_LIFE = timedelta(days=397)  # the most that browsers accept of a server (CA/Browser Forum BR §6.3.2 before 2026)
CLOCK_SKEW = timedelta(hours=1)  # a container's clock may be behind the one that signed


@dataclass(frozen=True, slots=True)
class Authority:
    """A CA that can sign: its certificate and key belong together."""

    certificate: x509.Certificate
    key: CertificateIssuerPrivateKeyTypes


def new_key() -> ec.EllipticCurvePrivateKey:
    """An EC P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


def issue_ca(key: CertificateIssuerPrivateKeyTypes, now: datetime) -> x509.Certificate:
    """A self-signed CA for ten years that may sign leaves but no further CA (pathlen 0, RFC 5280 §4.2.1.9)."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, CA_NAME)])
    builder = _builder(name, name, key.public_key(), now - CLOCK_SKEW, now - CLOCK_SKEW + CA_LIFE)
    return (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .sign(key, _digest(key))
    )


def issue_leaf(leaf: Leaf, key: ec.EllipticCurvePrivateKey, authority: Authority, now: datetime) -> x509.Certificate:
    """A certificate for `leaf`'s names, for 397 days but never longer than the CA's own."""
    ca = authority.certificate
    start = now - CLOCK_SKEW
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, leaf.name)])
    builder = _builder(name, ca.subject, key.public_key(), start, min(start + LEAF_LIFE, ca.not_valid_after_utc))
    # serverAuth only: with clientAuth, another service's certificate would pass for Envoy's at the next service.
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, *([ExtendedKeyUsageOID.CLIENT_AUTH] if leaf.client else [])]
    return (
        builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(x509.SubjectAlternativeName(leaf.general_names()), critical=False)
        .add_extension(_authority_key_identifier(ca), critical=False)
        .sign(authority.key, _digest(authority.key))
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: PublicKeyTypes, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)  # type: ignore[arg-type]  # every key that signs may also be certified
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)  # type: ignore[arg-type]
    )


def _key_usage(
    *, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _authority_key_identifier(ca: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    """The CA's own subject key identifier, as RFC 5280 §4.2.1.1 asks; computed where a foreign CA has none."""
    try:
        identifier = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.public_key())  # type: ignore[arg-type]
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


def _digest(key: CertificateIssuerPrivateKeyTypes) -> hashes.SHA256 | None:
    """SHA-256, except for the Ed25519 and Ed448 keys of somebody's own CA, which bring their own digest."""
    return hashes.SHA256() if hasattr(key, "key_size") else None
