"""Servers of other people behind the gateway: longer, and some need Node. Run only by ``pytest tests/others``."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Not collected by a plain ``pytest``: skipping there would look as if they had been run."""
    asked = [Path(argument.split("::", maxsplit=1)[0]).resolve() for argument in config.args]
    is_asked = any(one == HERE or HERE in one.parents for one in asked)
    return None if is_asked or HERE not in [collection_path, *collection_path.parents] else True
