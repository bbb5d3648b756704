"""More processes of the authorizer, more throughput: until the cores are gone."""

from contextlib import ExitStack
from typing import Any

from bench.cpu import processes
from bench.envoys import answering, asking, doors, our_cluster
from bench.interleave import interleaved, rows, say
from bench.lab import Lab
from bench.load import Target

SETTING = "EXT_AUTHZ_WORKERS"
COUNTS = (1, 2)


def measure(lab: Lab) -> dict[str, Any]:
    """Rows with ratios to one worker; or that this authorizer has no such setting."""
    settings = lab.stack.settings
    with ExitStack() as running:
        running_ones = {
            f"{count} worker{'s' if count > 1 else ''}": running.enter_context(
                lab.authorizer(f"workers-{count}", **{SETTING: str(count)})
            )
            for count in COUNTS
        }
        one, two = (processes(authorizer.process.pid) for authorizer in running_ones.values())
        if two <= one:
            say(f"  {SETTING} is not available: two workers are {two} process(es), one is {one}")
            return {"rows": [], "not_available": {SETTING: "this authorizer does not know it"}}
        clusters = {name: our_cluster(settings, name, it.grpc_port) for name, it in running_ones.items()}
        upstream, port = running.enter_context(answering(lab.folder))
        wanted = {name: asking(settings, cluster) for name, cluster in clusters.items()}
        envoy, urls = running.enter_context(doors(wanted, port, lab.folder))
        tokens, body = lab.token_file("workers"), lab.body()
        own = {"envoy": envoy.pid, "upstream": upstream.pid}
        targets = {name: Target(urls[name], tokens, body, {**own, **it.pids}) for name, it in running_ones.items()}
        base = next(iter(targets))
        return {"base": base, "rows": rows(interleaved(targets, lab.plan), base), "not_available": {}}
