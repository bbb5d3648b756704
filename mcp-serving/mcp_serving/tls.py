"""Mutual TLS whose certificate, key and CA may be replaced while requests are served.

The files are looked at when a connection begins, so a renewal needs no restart, no signal and no task of its own, and
no connection that is open is touched. What is used is always a whole: new files count once the key fits the
certificate and the CA can be read. Until then, half-way through a renewal, handshakes go on with the ones before.
"""

import ssl
from dataclasses import dataclass
from pathlib import Path

import structlog

log = structlog.get_logger()

_Fingerprint = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files: our certificate with its chain and its key, and the CA that clients' certificates must come from."""

    certificate: Path
    key: Path
    authority: Path

    def fingerprint(self) -> _Fingerprint:
        """Differs once one of them was replaced or written to. Raises OSError: one cannot be found."""
        stats = (file.stat() for file in (self.certificate, self.key, self.authority))
        return tuple((stat.st_mtime_ns, stat.st_ino, stat.st_size) for stat in stats)

    def context(self) -> ssl.SSLContext:
        """TLS that shows the certificate and takes no client without one of the CA.

        Raises:
            OSError: a file cannot be read, holds no PEM of its kind, or the key is another certificate's.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # Whoever resumes a session does not show a certificate again (RFC 8446 section 2.2): one that expired, or whose
        # CA is no longer trusted, would come in for hours. Python can offer no resumption at all with TLS 1.3 only.
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.num_tickets = 0
        context.load_cert_chain(self.certificate, self.key)
        context.load_verify_locations(self.authority)
        context.verify_mode = ssl.CERT_REQUIRED
        return context


class RenewableTls:
    """The context to listen with: it hands each new connection to one made of the files as they are then."""

    def __init__(self, files: TlsFiles) -> None:
        """Raises OSError, as ``TlsFiles.context``."""
        self._files = files
        self._taken = self._refused = files.fingerprint()
        self._current = files.context()
        self.context = files.context()
        # OpenSSL calls it at each handshake, whether the client names a server or not, before it looks at certificates.
        self.context.sni_callback = self._switch

    def _switch(self, connection: ssl.SSLObject | ssl.SSLSocket, _name: str | None, _context: ssl.SSLContext) -> None:
        self._take_up()
        connection.context = self._current

    def _take_up(self) -> None:
        """Bring the context in step with the files, if they are a whole. Raises nothing: that would end a handshake."""
        seen: _Fingerprint = ()
        try:
            seen = self._files.fingerprint()
            if seen != self._taken:
                self._current = self._files.context()
                self._taken = seen
                log.info("certificates_renewed")
        except OSError as error:  # ssl.SSLError is one
            if seen != self._refused:  # once for each state of the files, not at each handshake
                log.warning("certificates_not_usable", why=type(error).__name__)
            self._refused = seen
