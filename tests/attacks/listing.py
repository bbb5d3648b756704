"""Writes docs/security.md: every attack of this folder by class, its answer, and what a server was sent of it.

``python -m tests.attacks.listing`` writes it anew; a test in tests/config fails when it is out of date. The outcomes
are those that the tests assert, read from the same objects.
"""

import importlib
from collections.abc import Iterable
from pathlib import Path

from tests.attacks.classes import CLASSES
from tests.attacks.registry import AttackClass
from tests.support.requirements import ROOT, marks

DOCUMENT = ROOT / "docs/security.md"
HEAD = """# Attacks on the gateway, and what comes of them

Made by `python -m tests.attacks.listing` from the tests in `tests/attacks`; a test fails when it is out of date.
`make attacks` makes every one of the **{count} attacks** below on a gateway of its own: the committed Envoy
configuration and the real authorizer, in front of servers that write down what reaches them. Tokens are Keycloak's own
where a token is what is attacked; where Keycloak would have to answer what it never does, a stand-in speaks for it.

Each test asserts the answer, that no server was called unless the last column says what it received, and that neither
the access log nor the authorizer's log (nor Keycloak's, where it took part) holds a token, a secret, an e-mail address
or a line that is not one record. What is defended where, and what is not, is in [SECURITY.md](../SECURITY.md).
"""
ELSEWHERE = {
    "S20": (
        "Containers",
        "Asked of the containers themselves, by `make test-compose`, and of the files that make them:",
    )
}


def classes() -> tuple[AttackClass, ...]:
    """Every class, once all tests have added their attacks to it."""
    for file in sorted(Path(__file__).parent.glob("test_*.py")):
        importlib.import_module(f"tests.attacks.{file.stem}")
    return CLASSES


def document(listed: Iterable[AttackClass]) -> str:
    """The text of docs/security.md."""
    of = [one for one in listed if one.attacks]
    parts = [HEAD.format(count=sum(len(one.attacks) for one in of))]
    parts += [_section(one) for one in of]
    parts += [_elsewhere(name, *what) for name, what in ELSEWHERE.items()]
    return "\n".join(parts)


def _section(one: AttackClass) -> str:
    rows = [f"| {_cell(attack.name)} | {attack.outcome} | {_cell(attack.reaches)} |" for attack in one.attacks]
    table = ["| attack | answer | what reaches a server |", "|---|---|---|", *rows]
    return f"## {one.id}: {one.title} ({len(one.attacks)})\n\n" + "\n".join(table) + "\n"


def _elsewhere(name: str, title: str, where: str) -> str:
    tests = [entry.partition("::") for entry in marks()[name]]
    rows = [f"- {test.removeprefix('test_').replace('_', ' ')} (`{file}`)" for file, _, test in tests]
    return f"## {name}: {title}\n\n{where}\n\n" + "\n".join(rows) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    DOCUMENT.write_text(document(classes()), encoding="utf-8")
