"""Certificates for the authorizer and whoever calls it, made for one test run."""

from pathlib import Path
from typing import Any

import grpc
from ext_authz.grpc_server import Tls

from tests.support.certifying import Leaf, Signer


class Authority(Signer):
    """A CA that writes what the authorizer reads to ``folder``."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def server_files(self, name: str = "server") -> Tls:
        """The authorizer's own certificate, written (again) to files."""
        leaf = self.leaf("ext-authz", "localhost", "127.0.0.1")
        tls = Tls(self._folder / f"{name}.crt", self._folder / f"{name}.key", self._folder / "ca.crt")
        tls.ca.write_bytes(self.pem)
        tls.key.write_bytes(leaf.key)
        tls.certificate.write_bytes(leaf.certificate)
        return tls

    def client(self, *names: str, **options: Any) -> grpc.ChannelCredentials:
        """A caller with a certificate for ``names``; ``options`` as of ``leaf``."""
        return self._showing(self.leaf(*names, **options))

    def client_without_certificate(self) -> grpc.ChannelCredentials:
        return grpc.ssl_channel_credentials(self.pem)

    def foreign_client(self, *names: str) -> grpc.ChannelCredentials:
        """A caller that trusts this CA but was certified by another one of the same name."""
        return self._showing(Signer().leaf(*names))

    def _showing(self, leaf: Leaf) -> grpc.ChannelCredentials:
        return grpc.ssl_channel_credentials(self.pem, leaf.key, leaf.certificate)
