"""Limits failed introspections per client address, so that a flood of invalid tokens stops before Keycloak feels it.

Good tokens are never counted: a machine that brings 500 of them at once is no attack, and Envoy limits requests anyway.
"""

import ipaddress
import math
import time
from collections.abc import Callable

from ext_authz.expiring_lru import ExpiringLru

MAX_ADDRESSES = 10_000
_IPV6_PREFIX = 64
"""Bits. One household or server has a whole /64 to choose addresses from."""


class FailureLimit:
    """A token bucket per address: ``per_minute`` failures at once, refilled within a minute. 0 means no limit."""

    def __init__(
        self, per_minute: int, *, size: int = MAX_ADDRESSES, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._capacity = per_minute
        self._clock = clock
        # The moment at which the bucket of an address is full again; absent means that it is full.
        self._full_at: ExpiringLru[str, float] = ExpiringLru(size, clock)

    def wait_seconds(self, address: str) -> int:
        """How long the address must wait before an introspection is made for it; 0 if it need not."""
        if not self._capacity:
            return 0
        full_at = self._full_at.get(group(address))
        if full_at is None:
            return 0
        missing = (full_at - self._clock()) / self._seconds_each
        return max(0, math.ceil((missing - self._capacity + 1) * self._seconds_each))

    def failed(self, address: str) -> None:
        """An introspection for this address found no token."""
        if not self._capacity:
            return
        key, now = group(address), self._clock()
        full_at = max(self._full_at.get(key) or now, now) + self._seconds_each
        self._full_at.put(key, full_at, full_at - now)

    @property
    def _seconds_each(self) -> float:
        return 60.0 / self._capacity


def group(address: str) -> str:
    """What shares a bucket: an IPv4 address, or an IPv6 network of 64 bits. What is neither is its own group."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:  # noqa: PLR2004
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, _IPV6_PREFIX), strict=False))
