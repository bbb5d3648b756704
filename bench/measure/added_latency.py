"""What authorization adds to a warm request at a fixed rate, far from the limit: with it and without, by turns.

Two more rows say of what it is made: what any authorizer in Python adds, and ours while a stand-in answers what it asks
Keycloak, which else works on the same cores.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from functools import partial
from typing import Any

from bench.authorizers import Compared, nothing_in_python
from bench.behind import asking_a_stand_in
from bench.envoys import Door, answering, asking, doors, our_cluster
from bench.figures import Spread, percentile
from bench.lab import Lab
from bench.load import Target, run
from bench.measure.through_envoy import ours
from bench.paced import latencies
from bench.plan import PACE
from bench.progress import say
from bench.stolen import Undisturbed
from bench.whole import require_whole

WITHOUT, WITH = "without authorization", "with authorization"
STAND_IN, NOTHING = "the same, a stand-in for Keycloak", "a do-nothing authorizer in Python"
POINTS = (*range(1, 100), 99.5, 99.9)
"""Percentiles for the picture of the distribution."""


def measure(lab: Lab) -> dict[str, Any]:
    """Percentiles of each, and what it adds to the first, round by round."""
    taken: dict[str, list[list[float]]] = {}
    undisturbed = Undisturbed(lab.plan.tries)
    with ExitStack() as running:
        upstream, port = running.enter_context(answering(lab.folder))
        starts = {WITH: ours(lab), STAND_IN: _asking_a_stand_in(lab), NOTHING: nothing_in_python(lab)}
        compared = {WITHOUT: Compared(Door(), {})} | {name: running.enter_context(it) for name, it in starts.items()}
        envoy, urls = running.enter_context(doors({name: it.door for name, it in compared.items()}, port, lab.folder))
        require_whole(lab, urls[WITH])
        for number in range(lab.plan.rounds):
            tokens = lab.real_tokens()
            for name, url in urls.items():
                pids = {"envoy": envoy.pid, "upstream": upstream.pid, **compared[name].pids}
                target = Target(url, tokens, lab.body(), pids)
                run(target, lab.plan.warm_up_seconds)
                paced = partial(latencies, target, PACE, 2 * lab.plan.seconds, lab.folder)
                taken.setdefault(name, []).append(undisturbed.take(paced))
                say(f"  round {number + 1} {name}: p50 {percentile(taken[name][-1], 50):.2f} ms")
    of_rounds = [_row(name, rounds, taken[WITHOUT]) for name, rounds in taken.items()]
    return {"rate": PACE, "rows": of_rounds, "stolen": undisturbed.told()}


@contextmanager
def _asking_a_stand_in(lab: Lab) -> Iterator[Compared]:
    with asking_a_stand_in(lab, "latency") as (_, authorizer):
        cluster = our_cluster(lab.stack.settings, "stand-in", authorizer.grpc_port)
        yield Compared(asking(lab.stack.settings, cluster), authorizer.pids)


def _row(name: str, rounds: list[list[float]], without: list[list[float]]) -> dict[str, Any]:
    together = [latency for one in rounds for latency in one]
    return {
        "name": name,
        **{f"p{at}_ms": asdict(Spread.of([percentile(one, at) for one in rounds])) for at in (50, 99)},
        "added": {f"p{at}_ms": asdict(_added(rounds, without, at)) for at in (50, 99)},
        "distribution": [[at, round(percentile(together, at), 3)] for at in POINTS],
    }


def _added(rounds: list[list[float]], without: list[list[float]], percent: float) -> Spread:
    pairs = zip(rounds, without, strict=True)
    return Spread.of([percentile(slow, percent) - percentile(fast, percent) for slow, fast in pairs])
