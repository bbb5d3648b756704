"""The metrics of all workers as those of one authorizer: counts are added, and of gauges the highest is taken.

A gauge here says what every worker knows alike (sessions that have ended, a policy that was refused), so adding it up
would say it several times.
"""

from collections.abc import Awaitable, Callable, Iterable

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from ext_authz.workers.siblings import Siblings

EXPOSITION = "exposition"
_MADE = "_created"
"""When a series began (OpenMetrics): of several, the first."""


def whole_exposition(own: Callable[[], bytes], siblings: Siblings) -> Callable[[], Awaitable[bytes]]:
    """What /metrics says, whichever worker is asked."""
    siblings.answer(EXPOSITION, lambda: own().decode())

    async def exposition() -> bytes:
        others = await siblings.ask(EXPOSITION)
        return summed((own().decode(), *others)) if others else own()

    return exposition


def summed(expositions: Iterable[str]) -> bytes:
    """Prometheus' text format, version 0.0.4, in and out."""
    families: dict[str, Metric] = {}
    for text in expositions:
        for family in text_string_to_metric_families(text):
            known = families.get(family.name)
            if known is None:
                families[family.name] = family
            else:
                known.samples = _added(known.samples, family.samples, family.type)
    registry = CollectorRegistry()
    registry.register(_Read(families.values()))
    return generate_latest(registry)


class _Read(Collector):
    """Hands on what was read."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def _added(left: list[Sample], right: list[Sample], kind: str) -> list[Sample]:
    values = {(sample.name, tuple(sample.labels.items())): sample for sample in left}
    for sample in right:
        key = (sample.name, tuple(sample.labels.items()))
        if known := values.get(key):
            values[key] = known._replace(value=_both(sample.name, known.value, sample.value, kind))
        else:
            values[key] = sample
    return list(values.values())


def _both(name: str, left: float, right: float, kind: str) -> float:
    if name.endswith(_MADE):
        return min(left, right)
    return max(left, right) if kind == "gauge" else left + right
