"""Where a run writes: the tree, or, for the short form, copies below bench/results/short that nobody commits."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import papers, pictures
from bench.tools import ROOT

RESULTS = ROOT / "bench" / "results"


@dataclass(frozen=True, slots=True)
class Outlet:
    """``results``: the JSON. ``docs``: the papers with the tables, and the pictures in ``images``."""

    results: Path
    docs: Path

    def show(self, found: dict[str, Any]) -> None:
        """Tables and pictures of ``found``."""
        self.docs.mkdir(parents=True, exist_ok=True)
        if self.docs != papers.DOCS:
            for paper in papers.NAMES:
                shutil.copyfile(papers.DOCS / paper, self.docs / paper)
        pictures.draw(found, self.docs / "images")
        papers.write(found, self.docs)


IN_THE_TREE = Outlet(RESULTS / "latest.json", papers.DOCS)
SHORT_OF = Outlet(RESULTS / "short" / "latest.json", RESULTS / "short")
"""Figures of one short round say that it works, and are in no paper."""
