"""How the cost of a warm request grows: with tokens, scopes and tools, the body, and connections."""

from contextlib import AbstractContextManager
from typing import Any

import yaml

from bench.behind import Behind, behind_a_door, remembering
from bench.cpu import resident_mib
from bench.envoys import RESOURCE
from bench.lab import SCOPE, Lab
from bench.load import Sample, Target, run
from bench.progress import say
from bench.standin import shaped_tokens
from bench.warming import warm

Point = dict[str, float]
TOKENS = (1, 10, 100, 1000, 10_000, 100_000)
SWEEP = (1, 10, 100, 1000)
KIBIBYTE = 1024
BODIES = (1, 4, 16, 64, 256, 1000)
"""In KiB, of the whole message. The largest stays below Envoy's limit of 1 MiB for a body."""


def measure(lab: Lab) -> dict[str, Any]:
    """Points by what grows. ``cpu_us`` is the authorizer's, and so is ``resident_mib``, where it grows with tokens."""
    return {
        "tokens": _tokens(lab),
        "scopes and tools": _scopes_and_tools(lab),
        "body, KiB": _bodies(lab),
        "connections": _connections(lab),
        "made": f"one run of {lab.plan.growth_seconds:g} s each",
    }


def _tokens(lab: Lab) -> list[Point]:
    (real,) = lab.tokens(1)
    counts = [count for count in TOKENS if count <= lab.plan.most_tokens]
    tokens = shaped_tokens(real, counts[-1])
    points, known = [], 0
    with behind_a_door(lab, "tokens", remembering(counts[-1])) as bench:
        for count in counts:
            warm(bench.url, tokens[known:count], lab.body())
            known = count
            latest_first = lab.token_file("many", tokens[:count][::-1])  # farthest from being asked about again
            target = Target(bench.url, latest_first, lab.body(), bench.authorizer.pids)
            point = _point("tokens", count, _warmed(target, lab))
            points.append(point | {"resident_mib": resident_mib(bench.authorizer.process.pid)})
    return points


def _scopes_and_tools(lab: Lab) -> list[Point]:
    """As many tools in the policy as scopes in the token; the tool that is called needs the last of them."""
    (real,) = lab.tokens(1)
    points = []
    for count in (count for count in SWEEP if count <= lab.plan.largest_sweep):
        scopes = [SCOPE, *(f"tool:{number}" for number in range(count - 1))]
        with _behind(lab, f"tools-{count}", scopes) as bench:
            tokens = lab.token_file("scopes", shaped_tokens(real, 32))
            target = Target(bench.url, tokens, lab.body(), bench.authorizer.pids)
            points.append(_point("scopes and tools", count, _warmed(target, lab)))
    return points


def _bodies(lab: Lab) -> list[Point]:
    (real,) = lab.tokens(1)
    points = []
    with behind_a_door(lab, "bodies") as bench:
        tokens = lab.token_file("bodies", shaped_tokens(real, 1))
        for size in BODIES:
            body = lab.body(size * KIBIBYTE)
            points.append(_point("KiB", size, _warmed(Target(bench.url, tokens, body, bench.authorizer.pids), lab)))
    return points


def _connections(lab: Lab) -> list[Point]:
    (real,) = lab.tokens(1)
    points = []
    with behind_a_door(lab, "connections") as bench:
        tokens = lab.token_file("connections", shaped_tokens(real, 32))
        for count in (count for count in SWEEP if count <= lab.plan.largest_sweep):
            target = Target(bench.url, tokens, lab.body(), bench.authorizer.pids, connections=count)
            points.append(_point("connections", count, _warmed(target, lab)))
    return points


def _behind(lab: Lab, name: str, scopes: list[str]) -> AbstractContextManager[Behind]:
    """An authorizer with a tool for each scope, and a stand-in that grants them all."""
    names = ["add", *(f"tool-{number}" for number in range(len(scopes) - 1))]
    needed = {names[0]: [scopes[-1]], **{tool: [scope] for tool, scope in zip(names[1:], scopes[1:], strict=True)}}
    rules = {"path": f"/mcp/{RESOURCE}", "title": "Many", "scopes": [SCOPE], "tools": needed}
    file = lab.folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump({"resources": {RESOURCE: rules}}), encoding="utf-8")
    return behind_a_door(lab, name, {"POLICY_FILE": str(file)}, scopes=" ".join(scopes))


def _warmed(target: Target, lab: Lab) -> Sample:
    run(target, lab.plan.warm_up_seconds)
    return run(target, lab.plan.growth_seconds)


def _point(what: str, at: int, sample: Sample) -> Point:
    cpu_us = sample.cpu_us["authorizer"]
    say(f"  {what} {at:,}: {sample.per_second:.0f}/s, p99 {sample.p99_ms:.1f} ms, {cpu_us:.0f} µs")
    return {"at": at, "per_second": sample.per_second, "p99_ms": sample.p99_ms, "cpu_us": cpu_us}
