"""Certificates for the authorizer and whoever calls it, made for one test run."""

import ipaddress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from ext_authz.grpc_server import Tls


@dataclass(frozen=True)
class Leaf:
    """PEM texts."""

    certificate: bytes
    key: bytes


@dataclass(frozen=True)
class Authority:
    """A CA that writes what the authorizer reads to ``folder``."""

    folder: Path
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def certificate(self) -> bytes:
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        built = _builder("Test CA", self.key.public_key()).add_extension(constraints, critical=True)
        return built.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def issue(self, *names: str) -> Leaf:
        """For these subject alternative names: addresses, e-mail addresses (with an @), URIs (``uri=…``), hosts."""
        key = ec.generate_private_key(ec.SECP256R1())
        san = x509.SubjectAlternativeName([_general_name(name) for name in names])
        certificate = (
            _builder(names[0], key.public_key()).add_extension(san, critical=False).sign(self.key, hashes.SHA256())
        )
        return Leaf(
            certificate.public_bytes(serialization.Encoding.PEM),
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ),
        )

    def server_files(self, name: str = "server") -> Tls:
        """The authorizer's own certificate, written (again) to files."""
        leaf = self.issue("ext-authz", "localhost", "127.0.0.1")
        tls = Tls(self.folder / f"{name}.crt", self.folder / f"{name}.key", self.folder / "ca.crt")
        tls.ca.write_bytes(self.certificate)
        tls.key.write_bytes(leaf.key)
        tls.certificate.write_bytes(leaf.certificate)
        return tls

    def client(self, *names: str) -> grpc.ChannelCredentials:
        """A caller with a certificate for ``names``."""
        leaf = self.issue(*names)
        return grpc.ssl_channel_credentials(self.certificate, leaf.key, leaf.certificate)

    def client_without_certificate(self) -> grpc.ChannelCredentials:
        return grpc.ssl_channel_credentials(self.certificate)

    def foreign_client(self, *names: str) -> grpc.ChannelCredentials:
        """A caller that trusts this CA but was certified by another one of the same name."""
        leaf = Authority(self.folder).issue(*names)
        return grpc.ssl_channel_credentials(self.certificate, leaf.key, leaf.certificate)


def _builder(common_name: str, public_key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test CA")]))
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
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
