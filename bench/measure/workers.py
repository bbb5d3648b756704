"""More processes of the authorizer, more throughput: until the cores are gone.

Where the machine lets us, each worker has a small share of a core to itself, and no more: so the cores are not gone
with the first. Connections are in proportion: with fewer for each, each would have fewer requests to take at a time,
which costs more of them. After that, one and two workers without such a share: on two cores, they are gone at once.

How often Keycloak is asked meanwhile says whether the workers' caches stay effective.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import httpx
import psutil

from bench.capacity import introspections_a_token
from bench.envoys import Door, answering, asking, doors, our_cluster
from bench.interleave import interleaved, rows
from bench.lab import TOKENS, AnAuthorizer, Lab
from bench.load import Implausible, Target, run
from bench.plan import CONNECTIONS
from bench.progress import say
from bench.quota import NoQuota, limited
from bench.stolen import Undisturbed

SHARE = 0.1
"""Of a core, for each worker: four of them, with what Envoy, the upstream and the load source need for what they let
through, are less than two. Those need four times as much as a worker."""

COUNTS, COUNTS_UNLIMITED = (1, 2, 4), (1, 2)
TTL_SECONDS = 5
"""The default, which is measured."""

ASKED = "ext_authz_introspections_total"


def measure(lab: Lab) -> dict[str, Any]:
    """Rows with ratios to one worker. ``share`` is what each has of a core; None where it cannot be limited."""
    try:
        shared = _measured(lab, COUNTS, SHARE, counts_introspections=True)
    except NoQuota as error:
        say(f"  workers have no share of their own: {error}")
        return _measured(lab, COUNTS_UNLIMITED, None, counts_introspections=True)
    return shared | {"freely": _measured(lab, COUNTS_UNLIMITED, None)}


def _measured(
    lab: Lab, counts: Sequence[int], share: float | None, *, counts_introspections: bool = False
) -> dict[str, Any]:
    with ExitStack() as running:
        ours = {count: running.enter_context(lab.authorizer(f"workers-{count}", workers=count)) for count in counts}
        upstream, port = running.enter_context(answering(lab.folder))
        wanted = {_name(count): _door(lab, count, one) for count, one in ours.items()}
        envoy, urls = running.enter_context(doors(wanted, port, lab.folder))
        tokens, body = lab.real_tokens(), lab.body()
        own = {"envoy": envoy.pid, "upstream": upstream.pid}
        targets = {
            _name(count): Target(urls[_name(count)], tokens, body, {**own, **one.pids}, connections=CONNECTIONS * count)
            for count, one in ours.items()
        }
        for count, one in ours.items():
            run(targets[_name(count)], lab.plan.warm_up_seconds)  # it connects, at its full speed
            for pid in _workers(one, count):
                if share is not None:
                    running.enter_context(limited(pid, share))
        base, undisturbed = _name(counts[0]), Undisturbed(lab.plan.tries)
        taken = interleaved(targets, lab.plan, lab.real_tokens, undisturbed)
        found = {"base": base, "rows": rows(taken, base), "share": share, "stolen": undisturbed.told()}
        if counts_introspections:
            lab.real_tokens()
            found["asked"] = [_asked(lab, count, one, targets[_name(count)]) for count, one in ours.items()]
        return found


def _asked(lab: Lab, workers: int, one: AnAuthorizer, target: Target) -> dict[str, Any]:
    """Introspections a second under load, beside what docs/capacity.md says of tokens in constant use."""
    run(target, lab.plan.warm_up_seconds)
    before = _introspections(one)
    run(target, lab.plan.counted_seconds)
    asked = (_introspections(one) - before) / lab.plan.counted_seconds
    expected = TOKENS * introspections_a_token(float("inf"), TTL_SECONDS, workers)
    say(f"  {_name(workers)}: {asked:.1f} introspections a second, {expected:.1f} by the formula")
    return {"name": _name(workers), "introspections": asked, "expected": expected}


def _introspections(one: AnAuthorizer) -> float:
    lines = httpx.get(f"http://127.0.0.1:{one.http_port}/metrics", timeout=30).text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(ASKED))


def _workers(one: AnAuthorizer, count: int) -> list[int]:
    """The processes that serve. Raises Implausible where they are not ``count``: the figure would be a wrong one."""
    children = [child.pid for child in psutil.Process(one.process.pid).children()]
    serving = children if count > 1 else [one.process.pid]
    if len(serving) != count:
        raise Implausible(f"an authorizer of {count} workers has {len(serving)}")
    return serving


def _door(lab: Lab, count: int, one: AnAuthorizer) -> Door:
    settings = lab.stack.settings
    return asking(settings, our_cluster(settings, f"workers-{count}", one.grpc_port, count))


def _name(count: int) -> str:
    return f"{count} worker{'s' if count > 1 else ''}"
