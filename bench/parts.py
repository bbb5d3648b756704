"""The parts by turns: what one of them found is kept at once, whatever becomes of the next."""

import sys
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import papers, results
from bench.lab import Lab
from bench.progress import say

Found = dict[str, Any]
Part = Callable[[Lab], Found]


@dataclass(frozen=True, slots=True)
class Keeping:
    """``file`` has all parts' JSON; ``machine`` is what was measured on; ``show`` makes papers and pictures of it."""

    file: Path
    machine: Found
    show: Callable[[Found], None]


def measured(parts: Mapping[str, Part], lab: Lab, keeping: Keeping) -> dict[str, list[str]]:
    """What failed of each part: nothing, some program of other people, or all of it."""
    return {name: _measured(name, part, lab, keeping) for name, part in parts.items()}


def summed_up(ended: Mapping[str, Iterable[str]]) -> str:
    """What failed, for the end of the run, where it is not lost among all the rest."""
    failed = {name: reasons for name, reasons in ended.items() if reasons}
    lines = [f"bench: {len(ended) - len(failed)} of {len(ended)} parts complete"]
    lines += [f"bench: FAILED: {name}: {reason}" for name, reasons in failed.items() for reason in reasons]
    if failed:
        lines.append(f"bench: the others' results are kept; to measure these again, name them: {' '.join(failed)}")
    return "\n".join(lines)


def _measured(name: str, part: Part, lab: Lab, keeping: Keeping) -> list[str]:
    begun = time.monotonic()
    say(f"{name} ...")
    try:
        taken = part(lab)
        found = results.merged({name: taken}, lab.plan, keeping.file, keeping.machine)
        results.write(found, keeping.file)
        keeping.show(found)
    except Exception as error:  # noqa: BLE001 - of any kind: it is shown, and the run fails
        say(f"{name} did not complete:\n{traceback.format_exc()}")
        return [f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"]
    say(f"{name}: {time.monotonic() - begun:.0f} s")
    sys.stdout.write(papers.as_text({name: found[name]}, only=name))
    sys.stdout.flush()
    return [f"{what}: {why}" for what, why in taken.get("failed", {}).items()]
