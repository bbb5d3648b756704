"""Reads and writes PEM files. Writing is atomic, and a key is never readable by others, not even for a moment."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from gateway.certificates.errors import CertificateError

KEY_MODE = 0o600
CERTIFICATE_MODE = 0o644
DIRECTORY_MODE = 0o755
OTHERS = 0o007


@dataclass(frozen=True, slots=True)
class Pair:
    """Where a certificate and its key lie: `<name>.crt` and `<name>.key`."""

    directory: Path
    name: str

    @property
    def crt(self) -> Path:
        """The certificate, PEM; further certificates in it are intermediate CAs."""
        return self.directory / f"{self.name}.crt"

    @property
    def key(self) -> Path:
        """The private key, PEM (PKCS #8), not encrypted."""
        return self.directory / f"{self.name}.key"


def read_certificates(pair: Pair) -> list[x509.Certificate]:
    """The certificates of `pair`, [] if there is no such file. Raises CertificateError if it cannot be read."""
    try:
        return x509.load_pem_x509_certificates(pair.crt.read_bytes())
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise CertificateError(f"{pair.crt} cannot be read as a PEM certificate: {_mend(pair)} ({error})") from error


def read_key(pair: Pair) -> PrivateKeyTypes | None:
    """The key of `pair`, None if there is no such file. Raises CertificateError if it cannot be read."""
    try:
        return serialization.load_pem_private_key(pair.key.read_bytes(), password=None)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:  # TypeError: it is encrypted
        raise CertificateError(
            f"{pair.key} cannot be read as an unencrypted PEM private key: {_mend(pair)} ({error})"
        ) from error


def write_key(pair: Pair, key: PrivateKeyTypes) -> None:
    """Put `key` in place, mode 0600."""
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    _write(pair.key, pem, KEY_MODE)


def write_certificate(pair: Pair, *certificates: x509.Certificate) -> None:
    """Put them in place, in one file, mode 0644."""
    pem = b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in certificates)
    _write(pair.crt, pem, CERTIFICATE_MODE)


def make_directory(directory: Path) -> None:
    """Create `directory`, mode 0755 whatever the umask; leave one that is there as it is. Raises CertificateError."""
    if directory.is_dir():
        return
    try:
        directory.mkdir(parents=True)
        directory.chmod(DIRECTORY_MODE)
    except OSError as error:
        raise CertificateError(f"{directory} cannot be made ({error.strerror}): set CERTS_DIR to another") from error


def hide_key(pair: Pair) -> bool:
    """Take a key away from other users of this machine; True if they could read it until now."""
    try:
        mode = pair.key.stat().st_mode & 0o777
    except FileNotFoundError:
        return False
    if mode & OTHERS:
        pair.key.chmod(mode & ~OTHERS)
    return bool(mode & OTHERS)


def _write(path: Path, content: bytes, mode: int) -> None:
    try:
        # mkstemp creates with 0600; the name begins with a dot, so nobody takes it for a certificate.
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise CertificateError(f"{path} cannot be written ({error.strerror}): set CERTS_DIR to another") from error
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        # The rename is what Envoy's watched directory waits for, and it never shows half a file.
        temporary.replace(path)
    except OSError as error:
        raise CertificateError(f"{path} cannot be written ({error.strerror})") from error
    finally:
        temporary.unlink(missing_ok=True)


def _mend(pair: Pair) -> str:
    if pair.name == "ca":
        return "restore it, or remove ca.crt and ca.key for a new CA (clients must then trust the new ca.crt)"
    return f"restore it, or remove {pair.crt.name} and {pair.key.name} to have new ones issued"
