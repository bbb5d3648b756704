"""docs/security.md says what the attacks of tests/attacks are, and how many; no gateway is started to find that out."""

from tests.attacks.listing import DOCUMENT, ELSEWHERE, classes, document

CLASSES = classes()


def test_the_document_is_what_the_tests_say() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(CLASSES), "run python -m tests.attacks.listing"


def test_every_class_of_the_threat_list_is_attacked() -> None:
    attacked = {one.id for one in CLASSES if one.attacks}
    assert attacked | set(ELSEWHERE) == {f"S{number}" for number in range(1, 21)}


def test_at_least_150_are_made() -> None:
    assert sum(len(one.attacks) for one in CLASSES) >= 150
