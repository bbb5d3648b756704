"""Ties requirements and tests both ways: which test shows which requirement, read from the tests' ``covers`` marks.

``python -m tests.support.requirements`` writes docs/requirements.md anew.
"""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "docs/requirements.md"
HEAD = """# Requirements and the tests that show them

Made by `python -m tests.support.requirements` from `tests/requirements.yaml` and the `covers` marks of the tests. A
test fails when it is out of date, and when a requirement has no test.
"""

Marks = Mapping[str, list[str]]


def load() -> dict[str, dict[str, str]]:
    """Requirement ID → sentence, for ``required`` and for ``later``."""
    loaded: dict[str, dict[str, str]] = yaml.safe_load((ROOT / "tests/requirements.yaml").read_text(encoding="utf-8"))
    return loaded


def marks() -> Marks:
    """Requirement ID → the tests that name it, as ``file::test``."""
    found: dict[str, list[str]] = defaultdict(list)
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        for test, requirement in _covered(ast.parse(file.read_text(encoding="utf-8"))):
            found[requirement].append(f"{file.relative_to(ROOT / 'tests')}::{test}")
    return found


def table() -> str:
    """The text of docs/requirements.md."""
    shown = marks()
    parts = [HEAD]
    for heading, requirements in (("Required", load()["required"]), ("Being built", load()["later"])):
        parts.append(f"\n## {heading}\n\n| ID | requirement | tests |\n|---|---|---|\n")
        parts += [
            f"| {name} | {sentence} | {_cell(shown.get(name, []))} |\n" for name, sentence in requirements.items()
        ]
    return "".join(parts)


def _cell(tests: list[str]) -> str:
    files = defaultdict(list)
    for test in tests:
        file, name = test.split("::")
        files[file].append(name)
    return "<br>".join(f"`{file}` ({len(names)})" for file, names in files.items()) or "none yet"


def _covered(module: ast.Module) -> Iterator[tuple[str, str]]:
    whole_file = [
        name for statement in module.body if isinstance(statement, ast.Assign) for name in _names(statement.value)
    ]
    for test in (node for node in ast.walk(module) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)):
        if test.name.startswith("test_"):
            own = [name for decorator in test.decorator_list for name in _names(decorator)]
            yield from ((test.name, requirement) for requirement in dict.fromkeys(whole_file + own))


def _names(node: ast.expr) -> Iterator[str]:
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "covers":
            yield from (argument.value for argument in call.args if isinstance(argument, ast.Constant))  # type: ignore[misc]


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
