"""The JavaScript clients, installed once, and a desk of its own for each test."""

from pathlib import Path

import pytest

from tests.support.node import Desk, Node, installed
from tests.support.stack import Stack

PROGRAMS = Path(__file__).parent / "js"


@pytest.fixture(scope="session")
def node() -> Node:
    return installed(PROGRAMS, "clients")


@pytest.fixture
def desk(node: Node, stack: Stack, tmp_path: Path) -> Desk:
    return Desk(node, stack, tmp_path)
