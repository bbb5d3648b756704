"""Certificates as somebody else would make them, to lie in the certificates' directory."""

from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from gateway.certificates.files import Pair, write_certificate, write_key
from gateway.certificates.issuing import Authority, issue_leaf, new_key
from gateway.certificates.leaves import Leaf, leaves


def foreign_authority(name: str, start: datetime, days: int, *, parent: Authority | None = None) -> Authority:
    """A CA of one's own: self-signed, or an intermediate below `parent`."""
    key = new_key()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer = parent.key if parent else key
    usage = dict.fromkeys(("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"), False)
    usage |= dict.fromkeys(("key_agreement", "encipher_only", "decipher_only"), False)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(parent.certificate.subject if parent else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0 if parent else 1), critical=True)
        .add_extension(x509.KeyUsage(**usage, key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if parent:
        assert isinstance(parent.key, ec.EllipticCurvePrivateKey)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(parent.key.public_key())
        builder = builder.add_extension(identifier, critical=False)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    return Authority(builder.sign(signer, hashes.SHA256()), key)


def put_authority(directory: Path, authority: Authority, *, with_key: bool) -> None:
    """Make `authority` the ca.crt of `directory`, and ca.key if `with_key`."""
    pair = Pair(directory, "ca")
    pair.key.unlink(missing_ok=True)
    write_certificate(pair, authority.certificate)
    if with_key:
        write_key(pair, authority.key)


def put_leaf(directory: Path, leaf: Leaf, authority: Authority, now: datetime) -> None:
    """Issue `leaf` by `authority`; below an intermediate, its file holds the chain."""
    key = new_key()
    pair = Pair(directory, leaf.name)
    write_key(pair, key)
    write_certificate(pair, issue_leaf(leaf, key, authority, now))


def put_leaves(directory: Path, public_host: str, authority: Authority, now: datetime) -> None:
    """All three."""
    for leaf in leaves(public_host):
        put_leaf(directory, leaf, authority, now)


def certificate(directory: Path, name: str) -> x509.Certificate:
    """The (first) certificate in `<name>.crt`."""
    return x509.load_pem_x509_certificate((directory / f"{name}.crt").read_bytes())


def names(directory: Path, name: str) -> set[str]:
    """The subject alternative names in `<name>.crt`."""
    found = certificate(directory, name).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(value) for kind in (x509.DNSName, x509.IPAddress) for value in found.get_values_for_type(kind)}


def usages(directory: Path, name: str) -> set[str]:
    """The extended key usages in `<name>.crt`: serverAuth, clientAuth."""
    known = {ExtendedKeyUsageOID.SERVER_AUTH: "serverAuth", ExtendedKeyUsageOID.CLIENT_AUTH: "clientAuth"}
    found = certificate(directory, name).extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    return {known[usage] for usage in found}
