"""Throughput with warm caches, each way of authorizing through the same Envoy: what authorization costs there."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict
from functools import partial
from typing import Any

from bench.authorizers import Compared, nothing_in_go, nothing_in_python, nothing_on_our_server, opa, rego_in_go
from bench.envoys import Door, answering, asking, doors, our_cluster, verifying
from bench.interleave import interleaved, rows
from bench.lab import Lab
from bench.load import Target
from bench.optional import Missing
from bench.stolen import Undisturbed
from bench.whole import require_whole

PLAIN = "plain proxy"
OURS = "this gateway's authorizer"
NOTHING = "do-nothing grpc.aio, uvloop"
Start = Callable[[Lab], AbstractContextManager[Compared]]
PEERS: dict[str, Start] = {
    "do-nothing authorizer in Go": nothing_in_go,
    "OPA-Envoy, introspection cached 10 s": opa,
    "Rego by OPA's Go library, introspection cached 10 s": rego_in_go,
}


def measure(lab: Lab) -> dict[str, Any]:
    """Rows with ratios to the plain proxy, and what could not be had."""
    missing, undisturbed = Missing(), Undisturbed(lab.plan.tries)
    with ExitStack() as running:
        compared = {name: running.enter_context(start) for name, start in _starts(lab)}
        compared |= _peers(lab, running, missing)
        upstream, port = running.enter_context(answering(lab.folder))
        envoy, urls = running.enter_context(doors({name: one.door for name, one in compared.items()}, port, lab.folder))
        require_whole(lab, urls[OURS])
        tokens, body = lab.real_tokens(), lab.body()
        own = {"envoy": envoy.pid, "upstream": upstream.pid}
        targets = {name: Target(urls[name], tokens, body, {**own, **one.pids}) for name, one in compared.items()}
        taken = interleaved(targets, lab.plan, lab.real_tokens, undisturbed, others=PEERS, missing=missing)
        return {"base": PLAIN, "rows": rows(taken, PLAIN), **asdict(missing), "stolen": undisturbed.told()}


def _starts(lab: Lab) -> Iterator[tuple[str, AbstractContextManager[Compared]]]:
    keys = lab.keys()
    yield PLAIN, _door(Door())
    yield "Envoy's jwt_authn, cache", _door(verifying(lab.issuer, lab.audience, keys, cache=True))
    yield "Envoy's jwt_authn", _door(verifying(lab.issuer, lab.audience, keys, cache=False))
    yield NOTHING, nothing_in_python(lab)
    yield "do-nothing on this gateway's gRPC server", nothing_on_our_server(lab)
    yield OURS, ours(lab)


def _peers(lab: Lab, running: ExitStack, missing: Missing) -> dict[str, Compared]:
    started = {name: missing.started(name, partial(_start, start, lab), running) for name, start in PEERS.items()}
    return {name: one for name, one in started.items() if one}


def _start(start: Start, lab: Lab, own: ExitStack) -> Compared:
    return own.enter_context(start(lab))


@contextmanager
def ours(lab: Lab) -> Iterator[Compared]:
    """The authorizer of the running gateway, over its mutual TLS."""
    settings = lab.stack.settings
    cluster = our_cluster(settings, "ours", settings.authz_port)
    yield Compared(asking(settings, cluster), {"authorizer": lab.stack.pids()["ext-authz"]})


@contextmanager
def _door(door: Door) -> Iterator[Compared]:
    yield Compared(door, {})
