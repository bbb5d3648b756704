"""What the gateway is to reach, beside what was measured. Shown, never a reason to fail: a machine may be busy."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bench.figures import ratios
from bench.measure.added_latency import WITH as AUTHORIZED
from bench.measure.end_to_end import OURS as WHOLE
from bench.measure.through_envoy import NOTHING, OURS

SERVING, PROXY = "fastmcp serving the tool", "fastmcp proxy"
Found = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Goal:
    """``at_least`` or else at most."""

    text: str
    measured: float
    bound: float
    unit: str
    at_least: bool

    @property
    def is_met(self) -> bool:
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound


def goals(found: Found) -> Iterator[Goal]:
    """Those for which there is a measurement."""
    yield from _through_envoy(found.get("through-envoy", {}))
    yield from _latency(found.get("added-latency", {}))
    yield from _cold(found.get("cold-tokens", {}))
    yield from _workers(found.get("workers", {}))
    yield from _whole(found.get("end-to-end", {}))
    yield from _memory(found.get("memory", {}))


def _through_envoy(found: Found) -> Iterator[Goal]:
    if not (ours := _row(found, OURS)) or not (nothing := _row(found, NOTHING)):
        return
    yield Goal("warm throughput, of the plain proxy's", ours["ratio"]["median"], 0.30, "", at_least=True)
    share = _share(ours, nothing)
    yield Goal("warm throughput, of a do-nothing grpc.aio server's", share, 0.85, "", at_least=True)
    yield Goal("authorizer's CPU a warm request", ours["cpu_us"]["authorizer"], 400, "µs", at_least=False)
    if opa := _row(found, "OPA-Envoy") or _row(found, "Rego by OPA"):
        name = opa["name"].partition(",")[0]
        yield Goal(f"warm throughput, of that of {name}", _share(ours, opa), 1.0, "", at_least=True)


def _latency(found: Found) -> Iterator[Goal]:
    if row := _row(found, AUTHORIZED):
        for name, bound in (("p50_ms", 1.0), ("p99_ms", 3.0)):
            text = f"added by authorization at {found['rate']} requests/s, {name.removesuffix('_ms')}"
            yield Goal(text, row["added"][name]["median"], bound, "ms", at_least=False)


def _cold(found: Found) -> Iterator[Goal]:
    if not found:
        return
    for name, text in (("cold", "with one cold token"), ("expired", "with that token at its expiry")):
        asked = found["one_token"][name]["introspections"]
        yield Goal(f"introspections for {found['one_token']['requests']} requests {text}", asked, 1, "", at_least=False)
    refused = sum(count for status, count in found["many_tokens"]["statuses"].items() if int(status) != 200)  # noqa: PLR2004
    text = f"refused of {found['many_tokens']['requests']} cold tokens at once"
    yield Goal(text, refused, 0, "", at_least=False)
    yield Goal("authorizer's CPU an introspection", found["client"]["cpu_us"]["median"], 1000, "µs", at_least=False)


def _workers(found: Found) -> Iterator[Goal]:
    if share := found.get("share"):
        for count, words, bound in ((2, "two", 1.8), (4, "four", 3.6)):
            if row := _row(found, f"{count} workers"):
                text = f"throughput of {words} workers, each with {share:g} of a core, of one's"
                yield Goal(text, row["ratio"]["median"], bound, "", at_least=True)
    elif two := _row(found, "2 workers"):
        yield Goal("throughput of two workers, of one's", two["ratio"]["median"], 1.0, "", at_least=True)


def _whole(found: Found) -> Iterator[Goal]:
    ours = _row(found, WHOLE)
    for name, bound in ((SERVING, 2.5), (PROXY, 8.0)):
        if ours and (peer := _row(found, name)):
            times = 1 / peer["ratio"]["median"]
            yield Goal(f"tools/call end to end, beside {name}", times, bound, "times", at_least=True)


def _memory(found: Found) -> Iterator[Goal]:
    bounds = {"ext-authz, 10,000 cached tokens": 110, "mcp-weather": 70, "mcp-calculator": 70, "envoy": 80}
    for name, mib in found.get("mib", {}).items():
        if name in bounds:
            yield Goal(f"memory of {name}", mib, bounds[name], "MiB", at_least=False)
    limits = {"a second start, everything": 20, "everything but Keycloak": 3}
    for name, seconds in found.get("starts", {}).items():
        yield Goal(f"start: {name}", seconds["median"], limits[name], "s", at_least=False)


def _share(row: Found, other: Found) -> float:
    """The median of the rounds' ratios; a ratio of medians would compare one round with another."""
    return statistics.median(ratios(row["rates"], other["rates"]))


def _row(found: Found, name: str) -> Found | None:
    return next((row for row in found.get("rows", []) if row["name"].startswith(name)), None)
