"""Until when the certificates are good by which the authorizer and Envoy know each other, and clients know Envoy.

An expired one breaks nothing that is connected, only the next handshake: a gateway can look well for days and fail at
the first restart. So it is told beforehand (/health, /metrics), and an expired one counts as an outage.
"""

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509

from ext_authz.grpc_server import Tls

EXPIRING_WITHIN = timedelta(days=14)
"""When to tell. `mcp-gateway` renews at 30 days, so this says that nothing renews them."""

Expiries = Mapping[str, datetime]
"""Component → when the first certificate that it cannot do without expires."""


class OwnCertificates:
    """The authorizer's, as the files are now: what the next handshake will use."""

    def __init__(self, tls: Tls) -> None:
        self._tls = tls

    def expiries(self) -> Expiries:
        """Nothing where a file cannot be read: the ones before serve on, and nobody can say until when."""
        known = [moment for moment in (self.own(), self.ca()) if moment]
        return {"authorizer": min(known)} if known else {}

    def own(self) -> datetime | None:
        """The chain is no longer good once one of it is not."""
        return min(_moments(self._tls.certificate), default=None)

    def ca(self) -> datetime | None:
        """The last: while one CA takes the place of another, the file holds both."""
        return max(_moments(self._tls.ca), default=None)

    def gauges(self) -> Mapping[str, Callable[[], float]]:
        """For metrics: Unix time of the expiry, NaN where a file cannot be read."""
        return {"own": lambda: _timestamp(self.own()), "ca": lambda: _timestamp(self.ca())}


def envoy_expiries(certs: Mapping[str, Any]) -> Expiries:
    """What Envoy shows clients and servers, as it is in force (envoy.admin.v3.Certificates)."""
    chains = (entry.get("cert_chain", []) for entry in certs.get("certificates", []))
    moments = [datetime.fromisoformat(one["expiration_time"]) for chain in chains for one in chain]
    return {"envoy": min(moments)} if moments else {}


def expired(expiries: Expiries, now: datetime) -> list[str]:
    """Whose certificate is good no longer."""
    return [name for name, moment in expiries.items() if moment <= now]


def expiring(expiries: Expiries, now: datetime) -> dict[str, str]:
    """Whose certificate needs a look, with its expiry as RFC 3339 writes it."""
    near = {name: moment for name, moment in sorted(expiries.items()) if moment - now < EXPIRING_WITHIN}
    return {name: f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" for name, moment in near.items()}


def _moments(file: Path) -> list[datetime]:
    try:
        return [found.not_valid_after_utc for found in x509.load_pem_x509_certificates(file.read_bytes())]
    except (OSError, ValueError):
        return []


def _timestamp(moment: datetime | None) -> float:
    return moment.timestamp() if moment else math.nan
