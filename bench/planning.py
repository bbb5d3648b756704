"""The worked example of docs/capacity.md, from the costs that were measured last."""

from typing import Any

from bench.capacity import Costs, Demand, need
from bench.measure.through_envoy import OURS
from bench.table import number

USERS = (1_000, 10_000, 100_000, 1_000_000)
ACTIVE, PER_MINUTE = 0.1, 6
TTLS = (5, 30)
JUST_STARTED = "ext-authz, just started"
Found = dict[str, Any]


def costs(found: Found) -> Costs | None:
    """What one request and one introspection cost; None where that has not been measured."""
    try:
        row = next(row for row in found["through-envoy"]["rows"] if row["name"] == OURS)
        cold, memory = found["cold-tokens"], found["memory"]
    except KeyError:
        return None
    filled = next(name for name in memory["mib"] if name.endswith("cached tokens"))
    count = int(filled.split()[1].replace(",", ""))
    grown = memory["mib"][filled] - memory["mib"][JUST_STARTED]
    return Costs(
        authorizer_us=row["cpu_us"]["authorizer"],
        envoy_us=row["cpu_us"]["envoy"],
        introspecting_us=cold["client"]["cpu_us"],
        keycloak_us=cold["many_tokens"]["keycloak_us"],
        token_kib=grown * 1024 / count,
    )


def plans(found: Found) -> list[tuple[str, ...]]:
    """One row for each number of users and TTL; cores at full use."""
    measured = costs(found)
    if measured is None:
        return []
    return [_row(users, ttl, measured) for users in USERS for ttl in TTLS]


def _row(users: int, ttl: int, measured: Costs) -> tuple[str, ...]:
    it = need(Demand(users, ACTIVE, PER_MINUTE), measured, ttl)
    figures = (it.requests, it.introspections, it.authorizer_cores, it.envoy_cores, it.keycloak_cores, it.cache_mib)
    return (f"{users:,}", str(ttl), *(number(figure) for figure in figures))
