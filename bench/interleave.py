"""Measures several variants by turns, so that what else the machine does meets all of them."""

from collections.abc import Callable, Container, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from bench.figures import Spread, ratios
from bench.load import Implausible, Sample, Target, run
from bench.optional import Missing
from bench.plan import Plan
from bench.progress import say
from bench.stolen import Undisturbed

Load = Callable[[Target, float], Sample]


@dataclass(frozen=True, slots=True)
class Variant:
    """One row of a table."""

    name: str
    samples: tuple[Sample, ...]


def interleaved(
    targets: Mapping[str, Target],
    plan: Plan,
    before_each: Callable[[], object],
    undisturbed: Undisturbed,
    *,
    others: Container[str] = (),
    missing: Missing | None = None,
    load: Load = run,
) -> list[Variant]:
    """``plan.rounds`` rounds, in each of them one run of every target, each behind a warm-up of its own.

    ``before_each`` of them, and again where one is made again, something is made anew: tokens, so that what others keep
    of them for ten seconds outlasts the timed run. One of the ``others`` that fails is left out from there on, and
    stands in ``missing``; any other ends the measurement.
    """
    samples: dict[str, list[Sample]] = {name: [] for name in targets}
    for number in range(plan.rounds):
        for name in list(samples):
            try:
                timed = partial(load, targets[name], plan.seconds * targets[name].longer)
                samples[name].append(undisturbed.take(timed, partial(_ready, targets[name], plan, before_each, load)))
            except Implausible as error:
                if missing is None or name not in others:
                    raise
                missing.lost(name, error)
                del samples[name]
            else:
                _tell(number, name, samples[name][-1])
    return [Variant(name, tuple(taken)) for name, taken in samples.items()]


def _ready(target: Target, plan: Plan, before_each: Callable[[], object], load: Load) -> None:
    before_each()
    load(target, plan.warm_up_seconds)


def _tell(number: int, name: str, sample: Sample) -> None:
    say(f"  round {number + 1} {name}: {sample.per_second:.0f}/s, {sample.cpu_us_total:.0f} µs")


def rows(variants: list[Variant], base: str) -> list[dict[str, Any]]:
    """The variants as JSON holds them; ratios are to ``base``, round by round."""
    of_base = next(variant for variant in variants if variant.name == base)
    return [_row(variant, of_base) for variant in variants]


def _row(variant: Variant, base: Variant) -> dict[str, Any]:
    rates = [sample.per_second for sample in variant.samples]
    shares = ratios(rates, [sample.per_second for sample in base.samples])
    names = variant.samples[0].cpu_us
    return {
        "name": variant.name,
        "rates": rates,
        "per_second": asdict(Spread.of(rates)),
        "ratio": asdict(Spread.of(shares)),
        "p50_ms": Spread.of([sample.p50_ms for sample in variant.samples]).median,
        "p99_ms": Spread.of([sample.p99_ms for sample in variant.samples]).median,
        "cpu_us": {name: Spread.of([sample.cpu_us[name] for sample in variant.samples]).median for name in names},
    }
