"""More processes of the authorizer, more throughput: until the cores are gone."""

from contextlib import ExitStack
from typing import Any

from bench.cpu import processes
from bench.envoys import Door, answering, asking, doors, our_cluster
from bench.interleave import interleaved, rows
from bench.lab import AnAuthorizer, Lab
from bench.load import Implausible, Target

COUNTS = (1, 2)


def measure(lab: Lab) -> dict[str, Any]:
    """Rows with ratios to one worker."""
    with ExitStack() as running:
        ours = {count: running.enter_context(lab.authorizer(f"workers-{count}", workers=count)) for count in COUNTS}
        _require_several(ours)
        upstream, port = running.enter_context(answering(lab.folder))
        wanted = {_name(count): _door(lab, count, one) for count, one in ours.items()}
        envoy, urls = running.enter_context(doors(wanted, port, lab.folder))
        tokens, body = lab.real_tokens(), lab.body()
        own = {"envoy": envoy.pid, "upstream": upstream.pid}
        targets = {
            _name(count): Target(urls[_name(count)], tokens, body, {**own, **one.pids}) for count, one in ours.items()
        }
        base = _name(COUNTS[0])
        return {"base": base, "rows": rows(interleaved(targets, lab.plan, lab.real_tokens), base)}


def _require_several(ours: dict[int, AnAuthorizer]) -> None:
    """Two workers that are one process would give a figure, and a wrong one."""
    counts = [processes(one.process.pid) for one in ours.values()]
    if counts != sorted(set(counts)):
        raise Implausible(f"authorizers of {list(ours)} workers have {counts} processes")


def _door(lab: Lab, count: int, one: AnAuthorizer) -> Door:
    settings = lab.stack.settings
    return asking(settings, our_cluster(settings, f"workers-{count}", one.grpc_port, count))


def _name(count: int) -> str:
    return f"{count} worker{'s' if count > 1 else ''}"
