"""How many cores so many users need: arithmetic on measured costs. docs/capacity.md explains it."""

import math
from dataclasses import dataclass

REFRESH_AFTER = 0.75
"""Part of the TTL after which a token in use is asked about again (``ext_authz.introspection``)."""

TOKEN_LIFETIME_SECONDS = 300
"""Of the realm's access tokens (``accessTokenLifespan``): a user at work needs a new one as often."""

MICROSECONDS = 1e6
KIBIBYTES_A_MIB = 1024


@dataclass(frozen=True, slots=True)
class Costs:
    """CPU microseconds a warm request, an introspection, and a new token; memory of a cached token."""

    authorizer_us: float
    envoy_us: float
    introspecting_us: float
    keycloak_us: float
    issuing_us: float
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
    """Cores at full use: plan for twice as many. ``cache_mib`` is of all ``authorizers`` together.

    ``issuing_cores`` are Keycloak's for new tokens, ``keycloak_cores`` for introspections.
    """

    authorizers: int
    requests: float
    introspections: float
    authorizer_cores: float
    envoy_cores: float
    keycloak_cores: float
    issuing_cores: float
    cache_mib: float


def need(demand: Demand, costs: Costs, ttl_seconds: float, authorizers: int = 1) -> Need:
    """What ``demand`` costs where each of ``authorizers`` has a cache of its own and sees any token."""
    introspections = demand.tokens * introspections_a_token(demand.per_minute / 60, ttl_seconds, authorizers)
    requests = demand.per_second
    ours = requests * costs.authorizer_us + introspections * costs.introspecting_us
    return Need(
        authorizers=authorizers,
        requests=requests,
        introspections=introspections,
        authorizer_cores=ours / MICROSECONDS,
        envoy_cores=requests * costs.envoy_us / MICROSECONDS,
        keycloak_cores=introspections * costs.keycloak_us / MICROSECONDS,
        issuing_cores=demand.tokens / TOKEN_LIFETIME_SECONDS * costs.issuing_us / MICROSECONDS,
        cache_mib=demand.tokens * costs.token_kib * authorizers / KIBIBYTES_A_MIB,
    )


def with_authorizers_enough(demand: Demand, costs: Costs, ttl_seconds: float) -> Need:
    """As many authorizers, each of which uses one core, that none has more than half of it to do."""
    it = need(demand, costs, ttl_seconds)
    while (wanted := math.ceil(2 * it.authorizer_cores)) > it.authorizers:  # each more has a cache more to fill
        it = need(demand, costs, ttl_seconds, wanted)
    return it


def introspections_a_token(per_second: float, ttl_seconds: float, authorizers: int = 1) -> float:
    """At most, a second: no more than it is used, and no more than each cache's answer ends.

    A token in steady use is asked about when it is new and refreshed ahead, at a part of the TTL; one that is used
    rarely is asked about at each use.
    """
    if ttl_seconds <= 0:
        return per_second
    of_one_token = math.ceil(TOKEN_LIFETIME_SECONDS / (REFRESH_AFTER * ttl_seconds))
    return min(per_second, authorizers * of_one_token / TOKEN_LIFETIME_SECONDS)
