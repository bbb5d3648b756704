"""A process's share of a core is set by the kernel's files, and undone."""

from pathlib import Path

import pytest

from bench import quota
from bench.quota import NoQuota, limited

NOBODY = 2**22 + 1
"""Above the highest process id that Linux gives."""


def test_where_no_groups_are_mounted_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quota, "ROOTS", (tmp_path,))
    with pytest.raises(NoQuota, match="no control groups"), limited(NOBODY, 0.2):
        pass


def test_where_no_group_may_be_made_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cgroup.procs").touch()
    (tmp_path / f"bench-{NOBODY}").touch()  # in the way
    monkeypatch.setattr(quota, "ROOTS", (tmp_path,))
    with pytest.raises(NoQuota, match="no group can be made"), limited(NOBODY, 0.2):
        pass
