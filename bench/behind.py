"""An authorizer of its own that asks a stand-in for Keycloak, and an Envoy before it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from bench.envoys import answering, asking, doors, our_cluster
from bench.lab import NOTHING, SCOPE, AnAuthorizer, Lab
from bench.standin import StandIn, standin_keycloak


@dataclass(frozen=True)
class Behind:
    keycloak: StandIn
    authorizer: AnAuthorizer
    url: str


@contextmanager
def asking_a_stand_in(
    lab: Lab, name: str, changes: Mapping[str, str] = NOTHING, *, delay_ms: float = 0, scopes: str = SCOPE
) -> Iterator[tuple[StandIn, AnAuthorizer]]:
    """``changes`` are to the authorizer's variables; the stand-in answers ``delay_ms`` late and names ``scopes``."""
    with (
        standin_keycloak(lab, delay_ms=delay_ms, scopes=scopes) as keycloak,
        lab.authorizer(name, {"KEYCLOAK_URL": keycloak.url, **changes}) as authorizer,
    ):
        yield keycloak, authorizer


@contextmanager
def behind_a_door(
    lab: Lab, name: str, changes: Mapping[str, str] = NOTHING, *, delay_ms: float = 0, scopes: str = SCOPE
) -> Iterator[Behind]:
    """The same, and the ``url`` of an Envoy before it."""
    with (
        asking_a_stand_in(lab, name, changes, delay_ms=delay_ms, scopes=scopes) as (keycloak, authorizer),
        door_before(lab, authorizer) as url,
    ):
        yield Behind(keycloak, authorizer, url)


@contextmanager
def door_before(lab: Lab, authorizer: AnAuthorizer) -> Iterator[str]:
    """Gives its URL."""
    settings = lab.stack.settings
    door = asking(settings, our_cluster(settings, "ours", authorizer.grpc_port))
    with answering(lab.folder) as (_, port), doors({"ours": door}, port, lab.folder) as (_, urls):
        yield urls["ours"]


def remembering(tokens: int) -> dict[str, str]:
    """Settings of an authorizer that forgets none of so many tokens while it is measured."""
    return {"INTROSPECTION_TTL_SECONDS": "300", "INTROSPECTION_CACHE_SIZE": str(2 * tokens)}
