"""Lets only Envoy speak to this server: whose certificate does not name it is refused, on every method.

Requiring a certificate of our CA is not enough. Every service has one, and none but Envoy may ask for decisions. Nor is
one that was good some time ago: a resumed session is refused once it has expired.
"""

import ipaddress
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol

from cryptography import x509

_PEER_DNS = "peer_dns"
"""gRPC's property for the DNS entries of the peer's SAN alone: an e-mail or URI entry must not pass for a host name."""

_RESUMED = "ssl_session_reused"
"""gRPC's property for a session that was resumed. Its client has shown no certificate now, and the one that it showed
then may have expired since (RFC 8446 §2.2). gRPC's server cannot be told not to offer it; Envoy does not take it up."""

_CERTIFICATE = "x509_pem_cert"

_TCP = ("ipv4:", "ipv6:")
"""How gRPC writes an address that only one connection to one address of ours can have at a time (RFC 9293 §3.3.1). To
another address of ours there can be one more from there; and those of Unix sockets are all alike."""

QUIET_SECONDS = 5.0
"""After a handshake nobody's address is remembered for so long: Envoy waits for no call longer than this."""


def is_one_address(listen: str) -> bool:
    """Whether a server that listens on ``listen`` (host:port) is reached at one address alone."""
    try:
        return not ipaddress.ip_address(listen.rpartition(":")[0].strip("[]")).is_unspecified
    except ValueError:
        return False  # a name may stand for several


class Caller(Protocol):
    """Who calls, as gRPC knows it."""

    def peer(self) -> str: ...
    def auth_context(self) -> Mapping[str, Iterable[bytes]]: ...


def _is_resumed(peer: Mapping[str, Iterable[bytes]]) -> bool:
    return b"true" in peer.get(_RESUMED, ())


def _expired_since(peer: Mapping[str, Iterable[bytes]], now: Callable[[], datetime]) -> bool:
    """Whether a session was resumed whose certificate is good no longer. A whole handshake has looked at it itself."""
    if not _is_resumed(peer):
        return False
    ends = [_good_until(shown) for shown in peer.get(_CERTIFICATE, ())]
    return not ends or min(ends) <= now()


@lru_cache(maxsize=16)
def _good_until(pem: bytes) -> datetime:
    return x509.load_pem_x509_certificate(pem).not_valid_after_utc


class OnlyPeer:
    """Refuses with PERMISSION_DENIED whoever's certificate lacks ``san`` among its DNS names (RFC 9525 §6.3, exact)."""

    def __init__(
        self,
        san: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        remembers: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``remembers``: whether the server listens on one address alone, so that a client's is one connection."""
        self._san = san.encode()
        self._now = now
        self._remembers = remembers
        self._clock = clock
        self._admitted: set[str] = set()
        self._handshake_at = -QUIET_SECONDS

    def shakes_hands(self) -> None:
        """Must be called at the begin of each handshake: whose address it is now has not been looked at."""
        self._handshake_at = self._clock()
        self._admitted.clear()

    def admits(self, caller: Caller) -> bool:
        """Whether ``caller`` is that peer. Asked at each call."""
        # To read all that a certificate says takes a tenth of a whole request, and it is the connection's for good. So
        # an address is remembered until any handshake begins: before that, no other connection can have it.
        address = caller.peer()
        if address in self._admitted:
            return True
        peer = caller.auth_context()
        if self._san not in (peer.get(_PEER_DNS) or ()) or _expired_since(peer, self._now):
            return False
        if self._may_remember(address) and not _is_resumed(peer):
            self._admitted.add(address)
            if not self._may_remember(address):  # a handshake has begun meanwhile, in another thread
                self._admitted.discard(address)
        return True

    def _may_remember(self, address: str) -> bool:
        if not (self._remembers and address.startswith(_TCP)):
            return False
        # The address may be another's already where this call has waited for longer than its connection lived.
        return self._clock() - self._handshake_at >= QUIET_SECONDS
