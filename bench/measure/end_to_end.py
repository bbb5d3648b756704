"""``tools/call add`` from a client to a tool and back, everything on, beside other people's ways of doing it."""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict
from functools import partial
from typing import Any

import httpx

from bench.interleave import interleaved, rows
from bench.lab import Lab
from bench.load import Implausible, Target
from bench.optional import Missing
from bench.peers import authmcp, contextforge, fastmcp
from bench.peers.upstream import open_server
from bench.stolen import Undisturbed

OURS = "this gateway: TLS, authorizer, server"
Start = Callable[[Lab, int], AbstractContextManager[Target]]
PEERS: dict[str, Start] = {
    "fastmcp serving the tool, introspection cached 10 s": fastmcp.serving,
    "fastmcp proxy, shared session": fastmcp.proxy,
    "authmcp-gateway": authmcp.gateway,
    "mcp-contextforge-gateway, sqlite": contextforge.gateway,
}


def measure(lab: Lab) -> dict[str, Any]:
    """Rows with ratios to ours; peers answer plain HTTP."""
    missing, undisturbed = Missing(), Undisturbed(lab.plan.tries)
    with ExitStack() as running:
        upstream = running.enter_context(open_server(lab))
        targets = {OURS: _ours(lab), **_peers(lab, upstream, running, missing)}
        _answers(targets[OURS])
        taken = interleaved(targets, lab.plan, lab.real_tokens, undisturbed, others=PEERS, missing=missing)
        return {"base": OURS, "rows": rows(taken, OURS), **asdict(missing), "stolen": undisturbed.told()}


def _peers(lab: Lab, upstream: int, running: ExitStack, missing: Missing) -> dict[str, Target]:
    started = {
        name: missing.started(name, partial(_start, start, lab, upstream), running) for name, start in PEERS.items()
    }
    return {name: target for name, target in started.items() if target}


def _start(start: Start, lab: Lab, upstream: int, own: ExitStack) -> Target:
    target = own.enter_context(start(lab, upstream))
    _answers(target)
    return target


def _ours(lab: Lab) -> Target:
    pids = lab.stack.pids()
    working = {"envoy": pids["envoy"], "authorizer": pids["ext-authz"], "server": pids["mcp-calculator"]}
    return Target(f"{lab.stack.url}/mcp/calculator", lab.real_tokens(), lab.body(), working)


def _answers(target: Target) -> None:
    """The sum must be in the answer: a fast refusal is no throughput."""
    token = target.tokens.read_text(encoding="ascii").split()[0]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    headers |= {"Accept": "application/json, text/event-stream"}
    headers |= dict(line.split(": ", 1) for line in target.headers.splitlines())
    # The load source does not check certificates either
    answer = httpx.post(target.url, content=target.body.read_bytes(), headers=headers, verify=False, timeout=30)  # noqa: S501
    if answer.status_code != httpx.codes.OK or '"isError":true' in answer.text or "3" not in answer.text:
        raise Implausible(f"{target.url} answered {answer.status_code}: {answer.text[:300]}")
