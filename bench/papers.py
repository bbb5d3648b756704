"""Writes what was measured into the papers, between the markers of each table, and as text for the terminal."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.goals import goals
from bench.planning import CALLS, one_core, per_user, plans
from bench.stolen import MOST
from bench.table import NOT_MEASURED, markdown, number, spread
from bench.tools import ROOT

Found = dict[str, Any]
NAMES = ("performance.md", "capacity.md")
DOCS = ROOT / "docs"
MARKED = re.compile(r"(<!-- table: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def write(found: Found, docs: Path = DOCS) -> None:
    """Replaces each marked table for which there is a measurement, in the papers below ``docs``."""
    for paper in (docs / name for name in NAMES):
        paper.write_text(filled(paper.read_text(encoding="utf-8"), found), encoding="utf-8")


def filled(text: str, found: Found) -> str:
    """``text`` with its marked tables made anew."""

    def table(marked: re.Match[str]) -> str:
        made = TABLES[marked[2]](found)
        picture = f"{PICTURES[marked[2]]}\n\n" if marked[2] in PICTURES else ""
        return f"{marked[1]}{picture}{made}\n{marked[3]}" if made else marked[0]

    return MARKED.sub(table, text)


def as_text(found: Found, only: str) -> str:
    """One measurement's table for the terminal, with the goals that it speaks of."""
    made = ((name, TABLES[name](found)) for name in ("goals", only))
    return "".join(f"\n{name}\n\n{text}\n" for name, text in made if text)


def _goals(found: Found) -> str:
    rows = [
        (
            goal.text,
            f"{number(goal.measured)} {goal.unit}".strip(),
            f"{'≥' if goal.at_least else '≤'} {number(goal.bound)} {goal.unit}".strip(),
            "yes" if goal.is_met else "no",
        )
        for goal in goals(found)
    ]
    return markdown(("goal", "measured", "bound", "met"), rows) if rows else ""


def _rates(name: str, ratio: str, columns: tuple[str, ...]) -> Callable[[Found], str]:
    """A table of rows as ``interleave.rows`` makes them; ``columns`` are the processes whose CPU is shown."""

    def table(found: Found) -> str:
        measured = found.get(name)
        if not measured:
            return ""
        absent = [f"Not available: {what} ({why})." for what, why in measured.get("not_available", {}).items()]
        absent += [f"Failed, and has no figure: {what} ({why})." for what, why in measured.get("failed", {}).items()]
        body = [_rate_table(measured, ratio, columns)] if measured["rows"] else []
        return "\n\n".join([*body, *absent, *_stolen(measured), _taken(measured)])

    return table


def _rate_table(measured: Found, ratio: str, columns: tuple[str, ...]) -> str:
    head = ("", "requests/s", ratio, *(f"µs of CPU: {column}" for column in columns), "p50 ms", "p99 ms")
    return markdown(head, [_rate_row(row, columns) for row in measured["rows"]])


def _workers(found: Found) -> str:
    table = _rates("workers", "of one worker", ("authorizer", "envoy"))(found)
    measured = found.get("workers", {})
    share = measured.get("share")
    if not table:
        return table
    shared = [f"Each worker has {share:g} of a core, by the kernel's quota."] if share else []
    parts = [table, *shared, *_asked(measured)]
    if freely := measured.get("freely"):
        named = [one | {"name": f"{one['name']}, no quota"} for one in freely["rows"]]
        parts += [_rate_table({**freely, "rows": named}, "of one worker", ("authorizer", "envoy")), *_stolen(freely)]
    return "\n\n".join(parts)


def _asked(measured: Found) -> list[str]:
    rows = [(it["name"], number(it["introspections"]), number(it["expected"])) for it in measured.get("asked", ())]
    return [markdown(("", "introspections/s", "by the formula of capacity.md"), rows)] if rows else []


def _rate_row(row: Found, columns: tuple[str, ...]) -> tuple[str, ...]:
    used = {**row["cpu_us"], "all": sum(value for name, value in row["cpu_us"].items() if name != "upstream")}
    cells = [number(used[column]) if column in used else NOT_MEASURED for column in columns]
    rate, ratio = spread(row["per_second"]), spread(row["ratio"])
    return (row["name"], rate, ratio, *cells, number(row["p50_ms"]), number(row["p99_ms"]))


def _latency(found: Found) -> str:
    measured = found.get("added-latency")
    if not measured:
        return ""
    rows = [
        (row["name"], *(spread(one[at]) for one in (row, row["added"]) for at in ("p50_ms", "p99_ms")))
        for row in measured["rows"]
    ]
    head = (f"{measured['rate']} requests/s", "p50 ms", "p99 ms", "added p50 ms", "added p99 ms")
    return "\n\n".join([markdown(head, rows), *_stolen(measured), _taken(measured)])


def _stolen(measured: Found) -> list[str]:
    if not (stolen := measured.get("stolen")):
        return []
    again = f"{stolen['again']} of {stolen['taken']} measurements were made again because more than {MOST:.0%} was"
    return [f"Stolen by the hypervisor: up to {stolen['worst']:.1%} of the processors' time in what counts; {again}."]


def _cold(found: Found) -> str:
    measured = found.get("cold-tokens")
    if not measured:
        return ""
    one, many, client = measured["one_token"], measured["many_tokens"], measured["client"]
    rows = [
        (f"{one['requests']} at once, one cold token", number(one["cold"]["introspections"]), *_burst(one["cold"])),
        (f"{one['requests']} at once, it expired", number(one["expired"]["introspections"]), *_burst(one["expired"])),
        (f"{many['requests']} at once, as many cold tokens", number(many["requests"]), *_burst(many)),
        ("as many, asked of Keycloak directly", number(many["requests"]), *_burst(many["directly"])),
    ]
    costs = [
        ("authorizer, an introspection", f"{spread(client['cpu_us'])} µs"),
        ("for comparison: its client alone, one call after the other", f"{spread(client['alone']['cpu_us'])} µs"),
        ("of the client, python-keycloak and our use of it", f"{spread(client['alone']['library_us'])} µs"),
        ("Keycloak, an introspection", f"{number(many['keycloak_us'])} µs"),
        ("Keycloak, a token (client credentials)", f"{number(many['issuing_us'])} µs"),
        ("cold requests through us, a Keycloak that costs nothing", f"{spread(client['per_second'])}/s"),
    ]
    answered = markdown(("", "introspections", "p50 ms", "p99 ms", "answers"), rows)
    return "\n\n".join([answered, markdown(("cost", ""), costs), _taken(measured)])


def _burst(measured: Found) -> tuple[str, str, str]:
    statuses = ", ".join(f"{count} of {status}" for status, count in measured["statuses"].items())
    return spread(measured["p50_ms"]), spread(measured["p99_ms"]), statuses


def _memory(found: Found) -> str:
    measured = found.get("memory")
    if not measured:
        return ""
    memory = markdown(("process", "resident MiB"), [(name, number(mib)) for name, mib in measured["mib"].items()])
    starts = markdown(("start", "seconds"), [(name, spread(took)) for name, took in measured["starts"].items()])
    return "\n\n".join([memory, starts, *_stolen(measured), _taken(measured)])


def _growth(found: Found) -> str:
    measured = found.get("growth")
    if not measured:
        return ""
    sweeps = {name: points for name, points in measured.items() if isinstance(points, list)}
    tables = [_sweep(name, points) for name, points in sweeps.items()]
    return "\n\n".join([*tables, _taken(measured)])


def _sweep(name: str, points: list[Found]) -> str:
    shown = {key: head for key, head in SWEPT.items() if key in points[0]}
    rows = [(f"{at['at']:,}", *(number(at[key]) for key in shown)) for at in points]
    return markdown((name, *shown.values()), rows)


def _plans(found: Found) -> str:
    rows = plans(found)
    cores = ("authorizer", "Envoy", "Keycloak: introspections", "Keycloak: new tokens")
    head = ("users", "TTL s", "requests/s", "authorizers (a)", "introspections/s", *cores, "cache MiB")
    return markdown(head, rows) if rows else ""


def _one_core(found: Found) -> str:
    rows = one_core(found)
    return markdown(("one core carries", "a second"), rows) if rows else ""


def _per_user(_: Found) -> str:
    return markdown(("TTL s", *(f"{calls} call{'s' if calls > 1 else ''} a minute" for calls in CALLS)), per_user())


def _taken(measured: Found) -> str:
    machine = measured["machine"]
    packages = ", ".join(f"{name} {what}" for name, what in machine["packages"].items())
    where = f"{machine['cores']} cores of {machine['cpu']}, Python {machine['python']}, {packages}"
    rounds = f"{measured['rounds']} round{'s' if measured['rounds'] > 1 else ''}"
    rounds = measured.get("made") or f"{rounds} of {measured['seconds']} s"
    return f"*{measured['at']}, {rounds}, commit {machine['commit']}, {where}; load before: {machine['load']}*"


SWEPT = {
    "per_second": "requests/s",
    "p99_ms": "p99 ms",
    "cpu_us": "authorizer's CPU, µs",
    "resident_mib": "authorizer's memory, MiB",
}

PICTURES = {
    "through-envoy": "![Requests a second through Envoy](images/throughput.svg)",
    "added-latency": "![Distribution of latency](images/latency.svg)",
    "end-to-end": "![Requests a second end to end](images/end-to-end.svg)",
    "growth": "![How throughput changes with what grows](images/scaling.svg)",
}
"""Drawn by bench/pictures.py from the same figures, and shown above their table once there are some."""

TABLES: dict[str, Callable[[Found], str]] = {
    "goals": _goals,
    "through-envoy": _rates("through-envoy", "of the plain proxy", ("authorizer", "envoy")),
    "added-latency": _latency,
    "cold-tokens": _cold,
    "workers": _workers,
    "end-to-end": _rates("end-to-end", "of this gateway", ("all",)),
    "memory": _memory,
    "growth": _growth,
    "capacity": _plans,
    "one-core": _one_core,
    "per-user": _per_user,
}
