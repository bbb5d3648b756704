"""No requirement without a test, no mark without a requirement, and a table that is up to date."""

from tests.support.requirements import TABLE, load, marks, table


def test_every_required_id_is_named_by_a_test() -> None:
    assert sorted(set(load()["required"]) - set(marks())) == []


def test_every_mark_names_a_requirement_that_exists() -> None:
    known = set(load()["required"]) | set(load()["later"])
    assert sorted(set(marks()) - known) == []


def test_the_table_in_the_docs_is_up_to_date() -> None:
    assert TABLE.read_text(encoding="utf-8") == table(), "run: python -m tests.support.requirements"
