"""Whether requests can be served, component by component, asked for at most once a second."""

import asyncio
import time
from collections import ChainMap
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from ext_authz.certificates import Expiries, expired, expiring
from ext_authz.policy_in_force import Refused

PROBE_SECONDS = 2.0
"""How long one component may take to answer before it counts as down."""

KEPT_SECONDS = 1.0
"""How long a report is kept, so that whoever polls /health cannot make us poll others faster."""


@dataclass(frozen=True, slots=True)
class Report:
    """Component → whether it works; what is wrong with a policy file that is not in force for that reason; and whose
    certificates are about to expire, or did, with when."""

    components: Mapping[str, bool]
    policy_refused: Refused | None = None
    expiring: Mapping[str, str] = field(default_factory=dict)
    expired: Sequence[str] = ()

    @property
    def down(self) -> list[str]:
        return sorted({*(name for name, up in self.components.items() if not up), *self.expired})

    def body(self) -> dict[str, Any]:
        """States only. Addresses, versions and error texts would tell a stranger about the inside.

        A refused policy is no outage, for the one in force goes on deciding. It is said with its line all the same:
        whoever has just edited the file looks here. Nor is a certificate that is about to expire; one that did is an
        outage of what shows it, for the next handshake with it fails.
        """
        components = {name: "down" if name in self.down else "ok" for name in sorted(self.components)}
        components["policy"] = "refused" if self.policy_refused else "ok"
        components["certificates"] = "expired" if self.expired else "expiring" if self.expiring else "ok"
        body: dict[str, Any] = {"status": "unavailable", "down": self.down} if self.down else {"status": "ok"}
        if refused := self.policy_refused:
            body["policy"] = {"line": refused.line, "text": refused.text}
        if self.expiring:
            body["certificates"] = dict(self.expiring)
        return {**body, "components": components}


Probe = Callable[[], Awaitable[Mapping[str, bool]]]
"""Asks one place about one or more components. It may raise or hang; then all of ``names`` are down."""


@dataclass(frozen=True, slots=True)
class NamedProbe:
    names: tuple[str, ...]
    probe: Probe


class Probed(Protocol):
    """A probe and the components that it answers for, which may change."""

    @property
    def names(self) -> tuple[str, ...]: ...

    @property
    def probe(self) -> Probe: ...


AskExpiries = Callable[[], Awaitable[Expiries]]
"""Asks one place about the certificates that it shows. It may raise or hang; then nothing is said about them."""


class Health:
    """Runs the probes, all at once, and keeps the report for a moment."""

    def __init__(
        self,
        probes: Iterable[Probed],
        policy_refused: Callable[[], Refused | None] = lambda: None,
        *expiries: AskExpiries,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._probes = tuple(probes)
        self._policy_refused = policy_refused
        self._expiries = expiries
        self._clock = clock
        self._now = now
        self._lock = asyncio.Lock()
        self._report: Report | None = None
        self._made_at = 0.0

    async def report(self) -> Report:
        async with self._lock:
            if self._report is None or self._clock() - self._made_at >= KEPT_SECONDS:
                self._report = await self._ask_all()
                self._made_at = self._clock()
            return self._report

    async def _ask_all(self) -> Report:
        components = {"authorizer": True}  # it is the one that answers
        asking = asyncio.gather(*(_ask_expiries(ask) for ask in self._expiries))
        for states in await asyncio.gather(*(_ask(probe) for probe in self._probes)):
            components.update(states)
        now, known = self._now(), ChainMap(*map(dict, await asking))
        return Report(components, self._policy_refused(), expiring(known, now), expired(known, now))


async def _ask_expiries(ask: AskExpiries) -> Expiries:
    """Nothing where nobody answers: that is told by the component's own probe."""
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            return await ask()
    except Exception:  # noqa: BLE001 - whatever it was, nothing is known
        return {}


async def _ask(named: Probed) -> Mapping[str, bool]:
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            states = await named.probe()
    except Exception:  # noqa: BLE001 - whatever it was, the component did not answer as it should
        states = {}
    return {name: states.get(name, False) for name in named.names}
