"""Whether requests can be served, component by component, asked for at most once a second."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ext_authz.policy_in_force import Refused

PROBE_SECONDS = 2.0
"""How long one component may take to answer before it counts as down."""

KEPT_SECONDS = 1.0
"""How long a report is kept, so that whoever polls /health cannot make us poll others faster."""


@dataclass(frozen=True, slots=True)
class Report:
    """Component → whether it works; and what is wrong with a policy file that is not in force for that reason."""

    components: Mapping[str, bool]
    policy_refused: Refused | None = None

    @property
    def down(self) -> list[str]:
        return sorted(name for name, up in self.components.items() if not up)

    def body(self) -> dict[str, Any]:
        """States only. Addresses, versions and error texts would tell a stranger about the inside.

        A refused policy is no outage, for the one in force goes on deciding. It is said with its line all the same:
        whoever has just edited the file looks here.
        """
        components = {name: "ok" if up else "down" for name, up in sorted(self.components.items())}
        components["policy"] = "refused" if self.policy_refused else "ok"
        body: dict[str, Any] = {"status": "unavailable", "down": self.down} if self.down else {"status": "ok"}
        if refused := self.policy_refused:
            body["policy"] = {"line": refused.line, "text": refused.text}
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


class Health:
    """Runs the probes, all at once, and keeps the report for a moment."""

    def __init__(
        self,
        probes: Iterable[Probed],
        policy_refused: Callable[[], Refused | None] = lambda: None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._probes = tuple(probes)
        self._policy_refused = policy_refused
        self._clock = clock
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
        for states in await asyncio.gather(*(_ask(probe) for probe in self._probes)):
            components.update(states)
        return Report(components, self._policy_refused())


async def _ask(named: Probed) -> Mapping[str, bool]:
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            states = await named.probe()
    except Exception:  # noqa: BLE001 - whatever it was, the component did not answer as it should
        states = {}
    return {name: states.get(name, False) for name in named.names}
