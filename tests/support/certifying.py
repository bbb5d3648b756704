"""A certificate authority for one test run, and what it issues: PEM texts, for whoever writes or loads them."""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Leaf:
    """PEM texts."""

    certificate: bytes
    key: bytes


class Signer:
    """A CA called ``name``. Two of the same name are strangers to each other."""

    def __init__(self, name: str = "Test CA") -> None:
        self._name = _common_name(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        self.pem = self._sign(self._name, self._key.public_key(), {constraints: True}, timedelta(days=1))

    def leaf(
        self, *names: str, use: x509.ObjectIdentifier | None = None, valid_for: timedelta = timedelta(days=1)
    ) -> Leaf:
        """For these subject alternative names: addresses, e-mail addresses (with an @), URIs (``uri=…``), hosts.

        The first is its common name too. ``valid_for`` may be negative for an expired one; no ``use`` is any use.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        extensions: dict[x509.ExtensionType, bool] = {
            x509.SubjectAlternativeName([_general_name(name) for name in names]): False
        }
        if use:
            extensions[x509.ExtendedKeyUsage([use])] = False
        certificate = self._sign(_common_name(names[0]), key.public_key(), extensions, valid_for)
        return Leaf(certificate, _key_pem(key))

    def _sign(
        self,
        subject: x509.Name,
        public_key: ec.EllipticCurvePublicKey,
        extensions: dict[x509.ExtensionType, bool],
        valid_for: timedelta,
    ) -> bytes:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + valid_for)
        )
        for extension, critical in extensions.items():
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _general_name(name: str) -> x509.GeneralName:
    if name.startswith("uri="):
        return x509.UniformResourceIdentifier(name.removeprefix("uri="))
    if "@" in name:
        return x509.RFC822Name(name)
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
