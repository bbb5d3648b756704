"""More processes of the authorizer, more throughput: until the cores are gone.

Where the machine lets us, each worker has a small share of a core to itself, and no more: so the cores are not gone
with the first. Connections are in proportion: with fewer for each, each would have fewer requests to take at a time,
which costs more of them.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import psutil

from bench.envoys import Door, answering, asking, doors, our_cluster
from bench.interleave import interleaved, rows
from bench.lab import AnAuthorizer, Lab
from bench.load import Implausible, Target, run
from bench.plan import CONNECTIONS
from bench.progress import say
from bench.quota import NoQuota, limited
from bench.stolen import Undisturbed

SHARE = 0.1
"""Of a core, for each worker: four of them, with what Envoy, the upstream and the load source need for what they let
through, are less than two. Those need four times as much as a worker."""

COUNTS, COUNTS_UNLIMITED = (1, 2, 4), (1, 2)


def measure(lab: Lab) -> dict[str, Any]:
    """Rows with ratios to one worker. ``share`` is what each has of a core; None where it cannot be limited."""
    try:
        return _measured(lab, COUNTS, SHARE)
    except NoQuota as error:
        say(f"  workers have no share of their own: {error}")
        return _measured(lab, COUNTS_UNLIMITED, None)


def _measured(lab: Lab, counts: Sequence[int], share: float | None) -> dict[str, Any]:
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
        return {"base": base, "rows": rows(taken, base), "share": share, "stolen": undisturbed.told()}


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
