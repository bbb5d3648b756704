"""docs/security.md says what the attacks of tests/attacks are, and how many; no gateway is started to find that out."""

from tests.attacks.listing import DOCUMENT, classes, document

CLASSES = classes()


def test_the_document_is_what_the_tests_say() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(CLASSES), "run python -m tests.attacks.listing"


def test_at_least_150_are_made() -> None:
    assert sum(len(one.attacks) for one in CLASSES) >= 150
