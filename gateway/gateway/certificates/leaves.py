"""Which certificates there are, and which names each must carry."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from cryptography import x509

Address = IPv4Address | IPv6Address

LOOPBACK: tuple[Address, ...] = (IPv4Address("127.0.0.1"), IPv6Address("::1"))


@dataclass(frozen=True, slots=True)
class Leaf:
    """One service's certificate. `client` is for the service that is also a client of the others: Envoy."""

    name: str
    dns_names: tuple[str, ...]
    addresses: tuple[Address, ...] = LOOPBACK
    client: bool = False

    def general_names(self) -> list[x509.GeneralName]:
        """Its subject alternative names (RFC 5280 §4.2.1.6)."""
        return [*map(x509.DNSName, self.dns_names), *map(x509.IPAddress, self.addresses)]


def leaves(public_host: str) -> tuple[Leaf, ...]:
    """The three certificates; the gateway's also names `public_host` (a DNS name or an address, brackets allowed)."""
    names, addresses = _with_host(("localhost", "envoy"), LOOPBACK, public_host)
    return (
        Leaf("gateway", names, addresses, client=True),
        Leaf("mcp-weather", ("mcp-weather", "localhost")),
        Leaf("ext-authz", ("ext-authz", "localhost")),
    )


def _with_host(
    names: tuple[str, ...], addresses: tuple[Address, ...], host: str
) -> tuple[tuple[str, ...], tuple[Address, ...]]:
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        # A name in a certificate is ASCII: an internationalised one goes in as its A-labels (RFC 5280 §7.2).
        name = host.lower() if host.isascii() else host.encode("idna").decode()
        return (names if name in names else (*names, name)), addresses
    return names, (addresses if address in addresses else (*addresses, address))
