"""What authorization adds to a warm request at a fixed rate, far from the limit: with it and without, by turns."""

from contextlib import ExitStack
from dataclasses import asdict
from typing import Any

from bench.envoys import Door, answering, doors
from bench.figures import Spread, percentile
from bench.lab import Lab
from bench.load import Target, run
from bench.measure.through_envoy import ours
from bench.paced import latencies
from bench.plan import PACE
from bench.progress import say
from bench.whole import require_whole

WITHOUT, WITH = "without authorization", "with authorization"
POINTS = (*range(1, 100), 99.5, 99.9)
"""Percentiles for the picture of the distribution."""


def measure(lab: Lab) -> dict[str, Any]:
    """Percentiles of both, and the difference in each round."""
    taken: dict[str, list[list[float]]] = {WITHOUT: [], WITH: []}
    with ExitStack() as running:
        upstream, port = running.enter_context(answering(lab.folder))
        authorized = running.enter_context(ours(lab))
        envoy, urls = running.enter_context(doors({WITHOUT: Door(), WITH: authorized.door}, port, lab.folder))
        require_whole(lab, urls[WITH])
        pids = {"envoy": envoy.pid, "upstream": upstream.pid, **authorized.pids}
        for number in range(lab.plan.rounds):
            tokens = lab.real_tokens()
            for name, url in urls.items():
                target = Target(url, tokens, lab.body(), pids)
                run(target, lab.plan.warm_up_seconds)
                taken[name].append(latencies(target, PACE, 2 * lab.plan.seconds, lab.folder))
                say(f"  round {number + 1} {name}: p50 {percentile(taken[name][-1], 50):.2f} ms")
    return {
        "rate": PACE,
        "rows": [_row(name, rounds) for name, rounds in taken.items()],
        "added": {f"p{at}_ms": asdict(_added(taken, at)) for at in (50, 99)},
    }


def _added(taken: dict[str, list[list[float]]], percent: float) -> Spread:
    pairs = zip(taken[WITH], taken[WITHOUT], strict=True)
    return Spread.of([percentile(slow, percent) - percentile(fast, percent) for slow, fast in pairs])


def _row(name: str, rounds: list[list[float]]) -> dict[str, Any]:
    together = [latency for one in rounds for latency in one]
    of_rounds = {f"p{at}_ms": asdict(Spread.of([percentile(one, at) for one in rounds])) for at in (50, 99)}
    return {"name": name, **of_rounds, "distribution": [[at, round(percentile(together, at), 3)] for at in POINTS]}
