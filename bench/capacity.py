"""How many cores so many users need: arithmetic on measured costs. docs/capacity.md explains it."""

from dataclasses import dataclass

REFRESH_AFTER = 0.75
"""Part of the TTL after which a token in use is asked about again (``ext_authz.introspection``)."""

MICROSECONDS = 1e6
KIBIBYTES_A_MIB = 1024


@dataclass(frozen=True, slots=True)
class Costs:
    """CPU microseconds a warm request, and an introspection; memory of a cached token."""

    authorizer_us: float
    envoy_us: float
    introspecting_us: float
    keycloak_us: float
    token_kib: float


@dataclass(frozen=True, slots=True)
class Demand:
    """``users`` of whom ``active`` (a part) call at once, each ``per_minute`` times, with a token of its own."""

    users: int
    active: float
    per_minute: float

    @property
    def tokens(self) -> float:
        return self.users * self.active

    @property
    def per_second(self) -> float:
        return self.tokens * self.per_minute / 60


@dataclass(frozen=True, slots=True)
class Need:
    """Cores at full use: plan for twice as many. ``cache_mib`` is of all authorizers together."""

    requests: float
    introspections: float
    authorizer_cores: float
    envoy_cores: float
    keycloak_cores: float
    cache_mib: float


def need(demand: Demand, costs: Costs, ttl_seconds: float, authorizers: int = 1) -> Need:
    """What ``demand`` costs where each of ``authorizers`` has a cache of its own and sees any token."""
    introspections = demand.tokens * introspections_a_token(demand.per_minute / 60, ttl_seconds, authorizers)
    requests = demand.per_second
    ours = requests * costs.authorizer_us + introspections * costs.introspecting_us
    return Need(
        requests=requests,
        introspections=introspections,
        authorizer_cores=ours / MICROSECONDS,
        envoy_cores=requests * costs.envoy_us / MICROSECONDS,
        keycloak_cores=introspections * costs.keycloak_us / MICROSECONDS,
        cache_mib=demand.tokens * costs.token_kib * authorizers / KIBIBYTES_A_MIB,
    )


def introspections_a_token(per_second: float, ttl_seconds: float, authorizers: int = 1) -> float:
    """At most, a second: no more than it is used, and no more than each cache's answer ends.

    A token in steady use is refreshed ahead, at a part of the TTL; one that is used rarely is asked about at each use.
    """
    if ttl_seconds <= 0:
        return per_second
    return min(per_second, authorizers / (REFRESH_AFTER * ttl_seconds))
