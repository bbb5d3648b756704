"""The papers hold a place for each table, and no figure elsewhere that a table should hold."""

import re

from bench.papers import DOCS, MARKED, NAMES, TABLES

PAPERS = [DOCS / name for name in NAMES]


def test_each_table_has_one_place_in_the_papers() -> None:
    marked = [name for paper in PAPERS for _, name, _ in MARKED.findall(paper.read_text(encoding="utf-8"))]
    assert sorted(marked) == sorted(TABLES)


def test_the_text_around_the_tables_states_no_rate_and_no_time() -> None:
    for paper in PAPERS:
        text = MARKED.sub("", paper.read_text(encoding="utf-8"))
        assert not re.findall(r"[0-9][0-9,.]* ?(?:requests/s|/s|µs|MiB RSS)", text)
