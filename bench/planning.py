"""The worked example of docs/capacity.md, from the costs that were measured last."""

from typing import Any

from bench.capacity import (
    KIBIBYTES_A_MIB,
    MICROSECONDS,
    Costs,
    Demand,
    introspections_a_token,
    with_authorizers_enough,
)
from bench.measure.through_envoy import OURS
from bench.table import number

USERS = (1_000, 10_000, 100_000, 1_000_000)
ACTIVE, PER_MINUTE = 0.1, 6
TTLS = (5, 30)
CALLS = (1, 6, 60, 600)
"""A minute."""

FROM_TOKENS = 1000
"""Fewer are lost in what the process has free from its start."""
Found = dict[str, Any]


def costs(found: Found) -> Costs | None:
    """What one request and one introspection cost; None where that has not been measured."""
    try:
        row = next(row for row in found["through-envoy"]["rows"] if row["name"] == OURS)
        cold, token_kib = found["cold-tokens"], _token_kib(found["growth"]["tokens"])
    except KeyError:
        return None
    return Costs(
        authorizer_us=row["cpu_us"]["authorizer"],
        envoy_us=row["cpu_us"]["envoy"],
        introspecting_us=cold["client"]["cpu_us"]["median"],
        keycloak_us=cold["many_tokens"]["keycloak_us"],
        issuing_us=cold["many_tokens"]["issuing_us"],
        token_kib=token_kib,
    )


def _token_kib(points: list[Found]) -> float:
    few = next(point for point in points if point["at"] >= FROM_TOKENS)
    many = points[-1]
    return float((many["resident_mib"] - few["resident_mib"]) * KIBIBYTES_A_MIB / (many["at"] - few["at"]))


def plans(found: Found) -> list[tuple[str, ...]]:
    """One row for each number of users and TTL; cores at full use."""
    measured = costs(found)
    if measured is None:
        return []
    return [_row(users, ttl, measured) for users in USERS for ttl in TTLS]


def _row(users: int, ttl: int, measured: Costs) -> tuple[str, ...]:
    it = with_authorizers_enough(Demand(users, ACTIVE, PER_MINUTE), measured, ttl)
    cores = (it.authorizer_cores, it.envoy_cores, it.keycloak_cores, it.issuing_cores)
    figures = (it.requests, it.authorizers, it.introspections, *cores, it.cache_mib)
    return (f"{users:,}", str(ttl), *(number(figure) for figure in figures))


def one_core(found: Found) -> list[tuple[str, str]]:
    """What a core carries a second, used fully."""
    measured = costs(found)
    if measured is None:
        return []
    carried = {
        "authorizer: requests with a token that it knows": measured.authorizer_us,
        "authorizer: introspections": measured.introspecting_us,
        "Envoy: requests": measured.envoy_us,
        "Keycloak: introspections": measured.keycloak_us,
        "Keycloak: new tokens": measured.issuing_us,
    }
    return [(what, number(MICROSECONDS / us)) for what, us in carried.items()]


def per_user() -> list[tuple[str, ...]]:
    """Introspections a minute of one user at work, for each TTL, by how often it calls; one authorizer."""
    return [
        (str(ttl), *(number(60 * introspections_a_token(calls / 60, ttl)) for calls in CALLS))
        for ttl in (0, *TTLS, 300)
    ]
