"""What an attack is, and the classes that they stand in: data, from which both the tests and docs/security.md are made.

What the document says of an attack is what its test asserts, because both read the same ``Attack``.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import pytest

Answer = int | Literal["closed", "reset"]
"""An HTTP status; the connection ends without an answer (TLS alert, GOAWAY, end); this HTTP/2 stream is reset."""

NOTHING = "nothing"
Test = TypeVar("Test", bound=Callable[..., Any])


@dataclass(frozen=True)
class Attack:
    """One input. ``answers`` are the right ones; ``reaches`` is what a server behind the gateway is sent of it."""

    name: str
    answers: frozenset[Answer]
    input: Any = None
    reaches: str = NOTHING

    @property
    def outcome(self) -> str:
        words = {"closed": "connection closed", "reset": "stream reset"}
        return " or ".join(words.get(str(answer), str(answer)) for answer in sorted(self.answers, key=str))


@dataclass
class AttackClass:
    """One row of the threat list: its ID in tests/requirements.yaml, what it is about, and every attack."""

    id: str
    title: str
    attacks: list[Attack] = field(default_factory=list)

    def add(
        self, inputs: dict[str, Any], *answers: Answer, reaches: str = NOTHING, **but: set[str]
    ) -> Callable[[Test], Test]:
        """Parametrizes a test with these inputs, by name; for their outcomes see ``alike``."""
        return self.each(self.alike(inputs, *answers, reaches=reaches, **but))

    def alike(self, inputs: dict[str, Any], *answers: Answer, reaches: str = NOTHING, **but: set[str]) -> list[Attack]:
        """Attacks that share an outcome; ``but_501={"a name"}`` gives these another answer.

        They are this class's once a test asks for them by ``each``.
        """
        others = {name: _answer(key) for key, names in but.items() for name in names}
        assert set(others) <= set(inputs), "these are no attacks"
        same = [name for name, value in inputs.items() if list(inputs.values()).count(value) > 1]
        assert not same, f"these are one and the same attack: {same}"
        return [
            Attack(name, frozenset([others[name]] if name in others else answers), value, reaches)
            for name, value in inputs.items()
        ]

    def each(self, attacks: Collection[Attack]) -> Callable[[Test], Test]:
        """Parametrizes a test with ``attack``, and lists them."""
        known = {attack.name for attack in self.attacks}
        assert not [attack.name for attack in attacks if attack.name in known], "a name is taken"
        self.attacks += attacks
        mark = pytest.mark.parametrize("attack", attacks, ids=[attack.name for attack in attacks])

        def parametrized(test: Test) -> Test:
            marked: Test = mark(test)
            return marked

        return parametrized

    def one(self, name: str, *answers: Answer, reaches: str = NOTHING) -> Callable[[Test], Test]:
        """The same for a test that is an attack by itself."""
        return self.each([Attack(name, frozenset(answers), None, reaches)])


def _answer(key: str) -> Answer:
    word = key.removeprefix("but_")
    return int(word) if word.isdecimal() else ("reset" if word == "reset" else "closed")
