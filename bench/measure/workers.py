"""More processes of the authorizer, more throughput: until the cores are gone."""

from contextlib import ExitStack
from typing import Any

from bench.cpu import processes
from bench.envoys import Door, answering, asking, doors, our_cluster
from bench.interleave import interleaved, rows, say
from bench.lab import AnAuthorizer, Lab
from bench.load import Target

SETTING = "EXT_AUTHZ_WORKERS"
COUNTS = (1, 2)


def measure(lab: Lab) -> dict[str, Any]:
    """Rows with ratios to one worker; or that this authorizer has no such setting."""
    with ExitStack() as running:
        ours = {count: running.enter_context(lab.authorizer(f"workers-{count}", workers=count)) for count in COUNTS}
        if not _are_several(ours):
            say(f"  {SETTING} is not available")
            return {"rows": [], "not_available": {SETTING: "this authorizer does not know it"}}
        upstream, port = running.enter_context(answering(lab.folder))
        wanted = {_name(count): _door(lab, count, one) for count, one in ours.items()}
        envoy, urls = running.enter_context(doors(wanted, port, lab.folder))
        tokens, body = lab.real_tokens(), lab.body()
        own = {"envoy": envoy.pid, "upstream": upstream.pid}
        targets = {
            _name(count): Target(urls[_name(count)], tokens, body, {**own, **one.pids}) for count, one in ours.items()
        }
        base = _name(COUNTS[0])
        return {"base": base, "rows": rows(interleaved(targets, lab.plan, lab.real_tokens), base), "not_available": {}}


def _are_several(ours: dict[int, AnAuthorizer]) -> bool:
    counts = [processes(one.process.pid) for one in ours.values()]
    return counts[-1] > counts[0]


def _door(lab: Lab, count: int, one: AnAuthorizer) -> Door:
    settings = lab.stack.settings
    return asking(settings, our_cluster(settings, f"workers-{count}", one.grpc_port, count))


def _name(count: int) -> str:
    return f"{count} worker{'s' if count > 1 else ''}"
