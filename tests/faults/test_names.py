"""F17: names of what Envoy asks do not resolve, or their addresses change, under load.

An Envoy with the committed configuration, but that the authorizer and the calculator have names, which a name server of
this test tells of. Both are the shared stack's; what is there at their other addresses is a relay to them.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dns.rcode
import pytest

from tests.support.faults import Findings, await_refusal, door, row_of, says_try_later, statuses, struck
from tests.support.load import steady_load, usual_mix
from tests.support.name_server import NameServer, Saying, name_server
from tests.support.recorder import native_envoy, settings_beside
from tests.support.relay import relay
from tests.support.stack import Stack

NAMES = {"ext_authz": "authorizer.test", "mcp_calculator": "calculator.test"}
FIRST, NEXT = "127.0.0.2", "127.0.0.3"
CARES = "type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig"
LASTS_S = 6
"""More than the five seconds after which Envoy asks again (Cluster.dns_refresh_rate)."""

WITHIN_S = 30
"""Those five seconds, a health check, and a busy machine; the table tells what it was."""


@dataclass
class Named:
    """A gateway whose authorizer and calculator are found by name; where each of them is may be changed."""

    stack: Stack
    names: NameServer
    at: dict[str, ExitStack] = field(default_factory=dict)

    def move(self, cluster: str, address: str) -> None:
        """From now on it is there, and nowhere else; the name says so."""
        self.take_away(cluster)
        port = self.stack.settings.authz_port if cluster == "ext_authz" else self.stack.settings.calculator_port
        self.at[cluster].enter_context(relay(address, port))
        self.say(cluster, address)

    def take_away(self, cluster: str) -> None:
        self.at.setdefault(cluster, ExitStack()).close()
        self.say(cluster, dns.rcode.NXDOMAIN)

    def say(self, cluster: str, saying: Saying) -> None:
        self.names.names[NAMES[cluster]] = saying

    def find_by_name(self, clusters: dict[str, Any]) -> None:
        """Changes Envoy's configuration."""
        server = {"socket_address": {"address": "127.0.0.1", "port_value": self.names.port}}
        for cluster, name in NAMES.items():
            (endpoint,) = clusters[cluster]["load_assignment"]["endpoints"][0]["lb_endpoints"]
            endpoint["endpoint"]["address"]["socket_address"]["address"] = name
            options = {"resolvers": [server], "dns_resolver_options": {"no_default_search_domain": True}}
            clusters[cluster]["typed_dns_resolver_config"] = {
                "name": "envoy.network.dns_resolver.cares",
                "typed_config": {"@type": CARES, **options},
            }


@contextmanager
def named(stack: Stack, folder: Path) -> Iterator[Named]:
    """Not started yet."""
    others = {name: getattr(stack.settings, name) for name in ("weather_port", "calculator_port")}
    settings = settings_beside(stack, folder).model_copy(update=others)
    with name_server() as names:
        gateway = Named(Stack(settings, {}), names)
        try:
            yield gateway
        finally:
            for places in gateway.at.values():
                places.close()


@pytest.fixture
def gateway(stack: Stack, tmp_path: Path) -> Iterator[Named]:
    """One that serves, with both at their first addresses."""
    with named(stack, tmp_path) as found:
        for cluster in NAMES:
            found.move(cluster, FIRST)
        with native_envoy(found.stack.settings, tmp_path, found.find_by_name):
            yield found


@pytest.mark.covers("F17", "R4")
def test_names_that_nobody_knows_yet_open_nothing_and_are_followed_once_they_are_known(
    stack: Stack, tmp_path: Path, findings: Findings
) -> None:
    with (
        named(stack, tmp_path) as found,
        native_envoy(found.stack.settings, tmp_path, found.find_by_name),
        steady_load(stack.ca, door(found.stack), usual_mix(stack)) as load,
    ):
        load.await_count(72)
        assert statuses(load, 0.0, may_pass=True) == statuses(load, 0.0, may_pass=False) == {503}
        known = time.monotonic()
        for cluster in NAMES:
            found.move(cluster, FIRST)
        load.await_good(within_s=WITHIN_S)
    what = "the authorizer's and the calculator's names are not known at Envoy's start, and then they are"
    findings.rows.append(row_of(load, 0.0, "F17", what, load.healed_after(known), "they were"))
    assert load.unauthorized_allows() == []
    assert statuses(load, 0.0, may_pass=True) == {200, 503}
    assert statuses(load, 0.0, may_pass=False) == {401, 503}
    says_try_later(load, 0.0)


@pytest.mark.covers("F17", "R4")
@pytest.mark.parametrize("cluster", NAMES)
def test_what_comes_back_at_another_address_is_found(
    stack: Stack, gateway: Named, findings: Findings, cluster: str
) -> None:
    """As when a container is made anew: first it is gone, its connections and its name with it."""
    what = f"the {NAMES[cluster].removesuffix('.test')} and its name gone, and back at another address"
    with struck(findings, gateway.stack, stack, "F17", what, within_s=WITHIN_S) as strike:
        gateway.take_away(cluster)
        await_refusal(strike.load, strike.at, within_s=10)
        time.sleep(LASTS_S)  # how long the fault lasts
        gateway.move(cluster, NEXT)
        strike.over()
    assert statuses(strike.load, strike.at, may_pass=True) == {200, 503}
    if cluster == "ext_authz":
        assert statuses(strike.load, strike.at, may_pass=False) == {401, 503}
        says_try_later(strike.load, strike.at)
    else:
        assert {one.status for one in strike.load.of("good, weather", strike.at)} == {200}
        assert statuses(strike.load, strike.at, may_pass=False) == {401}


@pytest.mark.covers("F17")
@pytest.mark.parametrize(
    "saying", [dns.rcode.NXDOMAIN, dns.rcode.SERVFAIL, None], ids=["NXDOMAIN", "SERVFAIL", "silence"]
)
def test_without_names_envoy_goes_on_with_what_it_has_found_as_long_as_that_is_healthy(
    stack: Stack, gateway: Named, findings: Findings, saying: Saying
) -> None:
    """Even where the name is said to be gone: Cluster.ignore_health_on_host_removal is off."""
    told = f"answers {dns.rcode.to_text(saying)}" if isinstance(saying, dns.rcode.Rcode) else "is silent"
    with struck(findings, gateway.stack, stack, "F17", f"the name server {told} for {2 * LASTS_S} s") as strike:
        for cluster in NAMES:
            gateway.say(cluster, saying)
        asked = len(gateway.names.asked)
        time.sleep(2 * LASTS_S)  # how long the fault lasts
        assert set(gateway.names.asked[asked:]) == set(NAMES.values()), "Envoy asked meanwhile"
        for cluster in NAMES:
            gateway.say(cluster, FIRST)
        strike.over()
    assert statuses(strike.load, strike.at, may_pass=True) == {200}
    assert statuses(strike.load, strike.at, may_pass=False) == {401}
