"""The page of the doctor keeps up with its steps and options."""

import re

import pytest
from gateway.__main__ import build
from gateway.doctor.attacks.table import KINDS
from gateway.doctor.table import STEPS
from typer.main import get_command

from tests.support.stack import ROOT

PAGE = (ROOT / "docs" / "doctor.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.key)
def test_the_page_names_every_step(step: object) -> None:
    assert re.search(rf"\| {re.escape(step.title)} \|", PAGE)  # type: ignore[attr-defined]


def test_the_page_names_every_option() -> None:
    command = get_command(build()).commands["doctor"]  # type: ignore[attr-defined]
    options = {name for parameter in command.params for name in parameter.opts if name.startswith("--")}
    assert {name for name in options if f"`{name}" not in PAGE} == set()


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_names_every_class_of_attacks(kind: str) -> None:
    assert re.search(rf"^\| {kind} \|", PAGE, re.MULTILINE)
