"""A process's share of a core is set by the kernel's files, and undone."""

import os
from pathlib import Path

import pytest

from bench import quota
from bench.quota import NoQuota, limited

NOBODY = 2**22 + 1
"""Above the highest process id that Linux gives."""


def test_where_no_groups_are_mounted_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quota, "ROOTS", (tmp_path,))
    with pytest.raises(NoQuota, match="no control groups"), limited(os.getpid(), 0.2):
        pass


def test_where_no_group_may_be_made_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cgroup.procs").touch()
    (tmp_path / f"bench-{os.getpid()}").touch()  # in the way
    monkeypatch.setattr(quota, "ROOTS", (tmp_path,))
    with pytest.raises(NoQuota, match="File exists"), limited(os.getpid(), 0.2):
        pass


def test_where_there_is_no_such_process_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cgroup.procs").touch()
    monkeypatch.setattr(quota, "ROOTS", (tmp_path,))
    with pytest.raises(NoQuota, match=f"process {NOBODY}"), limited(NOBODY, 0.2):
        pass


def test_what_fails_while_it_is_measured_is_told_as_what_it_is() -> None:
    pid = os.getpid()
    try:
        with limited(pid, 1.0):
            pass
    except NoQuota as error:
        pytest.skip(f"processes cannot be given a share here: {error}")
    with pytest.raises(ConnectionResetError), limited(pid, 1.0):
        reset()


def reset() -> None:
    raise ConnectionResetError
