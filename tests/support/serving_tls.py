"""Certificates for tests of mutual TLS: an authority, and what it issues for the names and uses that tests ask for."""

import ssl
import uuid
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.support.certifying import Signer

CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH
SERVER = ExtendedKeyUsageOID.SERVER_AUTH


@dataclass(frozen=True)
class Issued:
    """A certificate and its key, as PEM files."""

    certificate: Path
    key: Path


class Authority(Signer):
    """A certificate authority that writes what it issues into ``folder``."""

    def __init__(self, folder: Path, name: str = "Test CA") -> None:
        super().__init__(name)
        self._folder = folder / name.replace(" ", "-")
        self._folder.mkdir(parents=True)
        self.certificate = self._folder / "ca.crt"
        self.certificate.write_bytes(self.pem)

    def issue(
        self, *dns_names: str, use: x509.ObjectIdentifier = CLIENT, valid_for: timedelta = timedelta(hours=1)
    ) -> Issued:
        """A certificate for ``dns_names``, also its common name; ``valid_for`` may be negative for an expired one."""
        leaf = self.leaf(*dns_names, use=use, valid_for=valid_for)
        stem = f"{dns_names[0]}-{uuid.uuid4().hex}"
        issued = Issued(self._folder / f"{stem}.crt", self._folder / f"{stem}.key")
        issued.certificate.write_bytes(leaf.certificate)
        issued.key.write_bytes(leaf.key)
        return issued

    def client_context(self, shown: Issued | None) -> ssl.SSLContext:
        """TLS of a client that trusts this authority and shows ``shown``."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        if shown:
            context.load_cert_chain(shown.certificate, shown.key)
        return context
