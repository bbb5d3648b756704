"""Fills the tables of docs/reliability.md from what was measured (docs/measured/*.json).

``python -m tests.support.reliability`` writes them anew; ``make faults`` and ``make soak`` end with it.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.support.stack import ROOT

PAPER = ROOT / "docs/reliability.md"
MEASURED = ROOT / "docs/measured"
Found = Mapping[str, Any]


def filled(paper: str) -> str:
    """The paper with each table between its marks: ``<!-- faults -->`` … ``<!-- /faults -->``."""
    for name, lines in tables().items():
        start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        head, rest = paper.split(start, 1)
        paper = head + start + "".join(f"{line}\n" for line in lines) + end + rest.split(end, 1)[1]
    return paper


def tables() -> dict[str, list[str]]:
    """Name of a table → its lines."""
    faults, soak = measured("faults"), measured("soak")
    return {
        "faults": [*fault_rows(faults)],
        "revocation": [*bound_rows(faults)],
        "memory": [memory_line(faults["memory"])] if faults["memory"] else [],
        "soak": [*soak_rows(soak)],
    }


def measured(name: str) -> Found:
    found: Found = json.loads((MEASURED / f"{name}.json").read_text(encoding="utf-8"))
    return found


def fault_rows(found: Found) -> Iterator[str]:
    yield "| | what happened | authorized requests | the others | unauthorized allows | served again |"
    yield "|---|---|---|---|---|---|"
    for row in sorted(found["faults"], key=lambda row: int(row["fault"][1:])):
        healed = f"{row['healed_s']} s after {row['since']}" if row["since"] else ""
        cells = (mix(row["good"]), mix(row["refused"]), str(row["unauthorized_allows"]), healed)
        yield f"| {row['fault']} | {row['what']} | {' | '.join(cells)} |"


def bound_rows(found: Found) -> Iterator[str]:
    yield "| what happened | client | stated bound | last request let in | requests sent after it |"
    yield "|---|---|---|---|---|"
    for one in found["revocation"]:
        yield f"| {one['event']} | {one['client']} | {one['bound_s']:g} s | {one['last_s']} s | {one['requests']} |"


def memory_line(found: Found) -> str:
    tokens, full, after = f"{found['tokens']:,}", found["full_mib"], found["after_mib"]
    return f"{full} MiB when its caches were full, {after} MiB after {tokens} random tokens from 51,000 addresses."


def soak_rows(found: Found) -> Iterator[str]:
    yield (
        f"{found['seconds']} s. Answers by kind of request: "
        + "; ".join(f"{name}: {mix(statuses)}" for name, statuses in found["mix"].items())
        + f"; slow clients: {mix(found['slow'])}."
    )
    yield ""
    yield "| component | memory, second quarter | memory, last quarter | descriptors, second quarter | last quarter |"
    yield "|---|---|---|---|---|"
    for name, part in found["parts"].items():
        memory = f"{part['mib_2']} MiB | {part['mib_4']} MiB"
        yield f"| {name} | {memory} | {part['fds_2']:g} | {part['fds_4']:g} |"


def mix(statuses: Mapping[str, int]) -> str:
    told = {"0": "no answer"}
    return ", ".join(f"{told.get(status, status)}: {count}" for status, count in sorted(statuses.items()))


if __name__ == "__main__":
    PAPER.write_text(filled(PAPER.read_text(encoding="utf-8")), encoding="utf-8")
