"""Which of the clients that registered themselves may go: a pure function from what is known of them to what to do.

Anybody may register (RFC 7591), and the realm takes 200 clients, so strangers could fill it up. Keycloak does not say
when a client was made or last used, so two attributes of the client do, written by whoever looks: when it was first
seen, and when it was last seen in use. In use is a client with a session, an offline one included, or that somebody
signed in with lately; a stranger cannot do that. A client that is removed must register again, so those in use stay
long.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]

SEEN, USED = "mcp-gateway.first-seen", "mcp-gateway.last-used"
HOUR, DAY = 3600, 24 * 3600
UNUSED_FOR = DAY  # somebody was asked to sign in, and may do it tomorrow
UNUSED_FOR_WHEN_CROWDED = HOUR  # the login page itself is good for half an hour
CROWDED = 100  # half of what the realm takes
IDLE_FOR = 90 * DAY  # longer than any refresh token lives, offline ones included (60 days)
WRITE_AGAIN_AFTER = DAY  # "last used" need not be more exact


@dataclass(frozen=True, slots=True)
class Mark:
    """Write the attributes of a client."""

    uuid: str
    attributes: dict[str, str]


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove a client."""

    uuid: str


def plan_pruning(clients: Iterable[Json], in_use: frozenset[str], now: int) -> Iterator[Mark | Remove]:
    """`in_use` are the uuids of clients with a session or a sign-in lately; `now` is in seconds since 1970."""
    registered = [client for client in clients if registered_itself(client)]
    unused_for = UNUSED_FOR_WHEN_CROWDED if len(registered) > CROWDED else UNUSED_FOR
    for client in registered:
        yield from _step(client, client["id"] in in_use, now, unused_for)


def registered_itself(client: Json) -> bool:
    """Keycloak names such a client by its own id, and the realm's policy makes it ask for consent."""
    return bool(client["clientId"] == client["id"] and client.get("consentRequired"))


def _step(client: Json, is_in_use: bool, now: int, unused_for: int) -> Iterator[Mark | Remove]:
    attributes = dict(client.get("attributes", {}))
    seen, used = _time(attributes, SEEN), _time(attributes, USED)
    if is_in_use:
        if used is None or now - used > WRITE_AGAIN_AFTER:
            yield Mark(client["id"], attributes | {USED: str(now)})
    elif used is not None:
        if now - used > IDLE_FOR:
            yield Remove(client["id"])
    elif seen is None:
        yield Mark(client["id"], attributes | {SEEN: str(now)})
    elif now - seen > unused_for:
        yield Remove(client["id"])


def _time(attributes: Mapping[str, str], name: str) -> int | None:
    value = attributes.get(name, "")
    return int(value) if value.isascii() and value.isdigit() else None
