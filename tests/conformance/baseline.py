"""Reads the expected failures of a target: files of groups, each with a reason and words that its entries share."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from tests.conformance.judge import Excuse

FOLDER = Path(__file__).parent / "baselines"


class Group(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(min_length=20)]
    says: Annotated[list[Annotated[str, Field(min_length=5)]], Field(min_length=1)]
    failures: Annotated[list[str], Field(min_length=1)]


def parse_baseline(text: str) -> dict[str, Excuse]:
    """Each expected failure and its excuse.

    Raises:
        ValueError: a group has no reason or no words, or an entry stands there twice.
    """
    groups = TypeAdapter(list[Group]).validate_python(yaml.safe_load(text))
    entries = [(failure, Excuse(group.reason, tuple(group.says))) for group in groups for failure in group.failures]
    return _once(entries)


def read_baseline(*names: str) -> dict[str, Excuse]:
    """The files of these names together."""
    return _once(entry for name in names for entry in parse_baseline((FOLDER / f"{name}.yaml").read_text()).items())


def _once(entries: Iterable[tuple[str, Excuse]]) -> dict[str, Excuse]:
    excuses: dict[str, Excuse] = {}
    for failure, excuse in entries:
        if failure in excuses:
            raise ValueError(f"{failure} stands twice among the expected failures")
        excuses[failure] = excuse
    return excuses
