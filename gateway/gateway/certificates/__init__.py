"""The gateway's certificates: a small CA of its own and one certificate for each service that speaks TLS."""

from gateway.certificates.ensure import ensure_certificates
from gateway.certificates.errors import CertificateError

__all__ = ["CertificateError", "ensure_certificates"]
