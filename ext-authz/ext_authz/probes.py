"""The probes behind /health: Keycloak's realm, and the MCP servers as Envoy sees them."""

import json
from collections.abc import Mapping
from typing import Any, Protocol

import aiohttp

from ext_authz.certificates import Expiries, envoy_expiries
from ext_authz.health import NamedProbe, Probe
from ext_authz.policy_in_force import Policies

_MAX_STATUS_BYTES = 4 * 1024 * 1024

_UNHEALTHY_FLAGS = (
    "failed_active_health_check",
    "failed_outlier_check",
    "pending_active_hc",
    "excluded_via_immediate_hc_fail",
)
"""Members of envoy.admin.v3.HostHealthStatus that keep traffic from a host; absent means false."""

_UNHEALTHY_STATES = frozenset({"UNHEALTHY", "DRAINING", "TIMEOUT"})


class Works(Protocol):
    async def works(self) -> bool: ...


def keycloak_probe(session: aiohttp.ClientSession, keycloak_url: str, realm: str, introspection: Works) -> NamedProbe:
    """Up when the realm answers and introspection works. Keycloak listens long before its realm is there."""

    async def probe() -> Mapping[str, bool]:
        async with session.get(f"{keycloak_url}/realms/{realm}", allow_redirects=False) as response:
            realm_answers = response.status == 200  # noqa: PLR2004
        return {"keycloak": realm_answers and await introspection.works()}

    return NamedProbe(("keycloak",), probe)


class EnvoyProbe:
    """Envoy itself, and each MCP server as Envoy sees it: that is what decides whether requests get there."""

    def __init__(self, session: aiohttp.ClientSession, status_url: str, policy: Policies) -> None:
        self._session = session
        self._status_url = status_url
        self._policy = policy

    @property
    def names(self) -> tuple[str, ...]:
        return ("envoy", *self._clusters().values())

    @property
    def probe(self) -> Probe:
        return self._ask

    async def _ask(self) -> Mapping[str, bool]:
        async with self._session.get(f"{self._status_url}/clusters?format=json", allow_redirects=False) as response:
            response.raise_for_status()
            return {"envoy": True, **cluster_states(json.loads(await _read(response)), self._clusters())}

    async def expiries(self) -> Expiries:
        """Until when the certificates are good that Envoy shows."""
        async with self._session.get(f"{self._status_url}/certs", allow_redirects=False) as response:
            response.raise_for_status()
            return envoy_expiries(json.loads(await _read(response)))

    def _clusters(self) -> Mapping[str, str]:
        """The names of routes and clusters in Envoy's configuration, by those of the policy's resources."""
        return {f"mcp_{name}": f"mcp-{name}" for name in self._policy.resources}


def cluster_states(status: Mapping[str, Any], clusters: Mapping[str, str]) -> dict[str, bool]:
    """Component → whether its cluster has a host that takes traffic (envoy.admin.v3.Clusters).

    ``clusters`` maps cluster names to components. Others are left out; those that Envoy does not know are down.
    """
    states = dict.fromkeys(clusters.values(), False)
    for cluster in status.get("cluster_statuses", []):
        if component := clusters.get(cluster.get("name")):
            states[component] = any(_takes_traffic(host) for host in cluster.get("host_statuses", []))
    return states


def _takes_traffic(host: Mapping[str, Any]) -> bool:
    health = host.get("health_status", {})
    flagged = any(health.get(flag) for flag in _UNHEALTHY_FLAGS)
    return not flagged and health.get("eds_health_status") not in _UNHEALTHY_STATES


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > _MAX_STATUS_BYTES:
            raise ValueError("the answer is too large")
    return bytes(body)
