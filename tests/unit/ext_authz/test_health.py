"""What /health says."""

import asyncio
from collections.abc import Mapping

import pytest
from ext_authz import health as health_module
from ext_authz.health import KEPT_SECONDS, Health, NamedProbe
from ext_authz.probes import cluster_states

from tests.support.authz import FakeClock


class FakeProbe:
    """Answers ``states``, raises them, or hangs where they are None; counts."""

    def __init__(self, states: Mapping[str, bool] | Exception | None) -> None:
        self.states = states
        self.asked = 0

    async def __call__(self) -> Mapping[str, bool]:
        self.asked += 1
        if self.states is None:
            await asyncio.Event().wait()
        if isinstance(self.states, Exception):
            raise self.states
        return self.states or {}


@pytest.mark.covers("G8")
async def test_all_well_is_ok() -> None:
    report = await Health([NamedProbe(("keycloak",), FakeProbe({"keycloak": True}))]).report()
    assert report.down == []
    assert report.body() == {
        "status": "ok",
        "components": {"authorizer": "ok", "certificates": "ok", "keycloak": "ok", "policy": "ok"},
    }


@pytest.mark.covers("F6")
async def test_what_is_down_is_named() -> None:
    probes = [NamedProbe(("a", "b"), FakeProbe({"a": False, "b": True})), NamedProbe(("c",), FakeProbe({"c": False}))]
    body = (await Health(probes).report()).body()
    assert (body["status"], body["down"]) == ("unavailable", ["a", "c"])


@pytest.mark.covers("F6", "S19")
@pytest.mark.parametrize("states", [OSError("http://secret.internal"), ValueError("x"), {}, {"other": True}])
async def test_a_probe_that_fails_or_does_not_say_counts_as_down_without_detail(
    states: Mapping[str, bool] | Exception,
) -> None:
    report = await Health([NamedProbe(("a", "b"), FakeProbe(states))]).report()
    assert report.down == ["a", "b"]
    assert "secret" not in str(report.body())


@pytest.mark.covers("F7")
async def test_a_probe_that_hangs_counts_as_down_and_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_module, "PROBE_SECONDS", 0.02)
    probes = [NamedProbe((name,), FakeProbe(None)) for name in "abc"]
    async with asyncio.timeout(5):
        report = await Health([*probes, NamedProbe(("d",), FakeProbe({"d": True}))]).report()
    assert report.down == ["a", "b", "c"]


async def test_however_often_it_is_asked_for_others_are_asked_once_in_a_while() -> None:
    clock, probe = FakeClock(), FakeProbe({"a": True})
    health = Health([NamedProbe(("a",), probe)], clock=clock)
    await asyncio.gather(*(health.report() for _ in range(20)))
    assert probe.asked == 1
    clock.seconds += KEPT_SECONDS
    await health.report()
    assert probe.asked == 2


CLUSTERS = {"mcp_weather": "mcp-weather", "mcp_calculator": "mcp-calculator"}


def hosts(*healths: Mapping[str, object]) -> dict[str, object]:
    statuses = [{"name": "mcp_weather", "host_statuses": [{"health_status": health} for health in healths]}]
    return {"cluster_statuses": [*statuses, {"name": "keycloak"}]}


@pytest.mark.parametrize(
    "health",
    [
        {"eds_health_status": "HEALTHY", "failed_active_health_check": True},
        {"failed_outlier_check": True},
        {"pending_active_hc": True},
        {"excluded_via_immediate_hc_fail": True},
        {"eds_health_status": "UNHEALTHY"},
        {"eds_health_status": "DRAINING"},
        {"eds_health_status": "TIMEOUT"},
    ],
    ids=str,
)
def test_a_server_is_up_if_one_of_its_hosts_takes_traffic(health: Mapping[str, object]) -> None:
    assert not cluster_states(hosts(health), CLUSTERS)["mcp-weather"]
    assert cluster_states(hosts(health, {"eds_health_status": "HEALTHY"}), CLUSTERS)["mcp-weather"]


def test_a_server_without_hosts_or_unknown_to_envoy_is_down_and_other_clusters_are_not_named() -> None:
    assert cluster_states(hosts(), CLUSTERS) == {"mcp-weather": False, "mcp-calculator": False}
    assert cluster_states({}, CLUSTERS) == {"mcp-weather": False, "mcp-calculator": False}
