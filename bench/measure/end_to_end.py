"""``tools/call add`` from a client to a tool and back, everything on, beside other people's ways of doing it."""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import httpx

from bench.interleave import interleaved, rows, say
from bench.lab import Lab
from bench.load import Implausible, Target
from bench.peers import authmcp, contextforge, fastmcp
from bench.peers.upstream import open_server
from bench.processes import DidNotStart
from bench.tools import NotAvailable

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
    absent: dict[str, str] = {}
    with ExitStack() as running:
        targets = {OURS: _ours(lab)}
        if lab.plan.peers:
            upstream = running.enter_context(open_server(lab))
            for name, start in PEERS.items():
                try:
                    target = running.enter_context(start(lab, upstream))
                    _answers(target)
                    targets[name] = target
                except (NotAvailable, DidNotStart, Implausible) as error:
                    say(f"  {name}: {error}")
                    absent[name] = str(error).splitlines()[0]
        _answers(targets[OURS])
        return {
            "base": OURS,
            "rows": rows(interleaved(targets, lab.plan, lab.real_tokens), OURS),
            "not_available": absent,
        }


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
