"""What nobody else on the machine may read."""

import os
from pathlib import Path

import pytest
from gateway.runner.errors import BadSetting
from gateway.runner.private_files import private_directory, private_files


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.mark.covers("S19")
def test_new_folder_is_its_owners_alone(tmp_path: Path) -> None:
    assert mode(private_directory(tmp_path / "a" / "state")) == 0o700


@pytest.mark.covers("S19")
def test_existing_folder_is_taken_away_from_everybody_else(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state").chmod(0o755)
    assert mode(private_directory(tmp_path / "state")) == 0o700


def test_folder_that_is_everybodys_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    with pytest.raises(BadSetting, match=r"STATE_DIR: .* is not this user's alone"):
        private_directory(tmp_path)
    assert tmp_path.stat().st_mode & 0o7777 == 0o1777


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    os.chown(tmp_path / "state", 65534, 65534)
    with pytest.raises(BadSetting, match="STATE_DIR"):
        private_directory(tmp_path / "state")


def test_file_in_the_place_of_the_folder_is_told_with_its_setting(tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    with pytest.raises(BadSetting, match=r"STATE_DIR: .*/state cannot be used \(File exists\)"):
        private_directory(tmp_path / "state")


def test_files_are_private_in_the_block_only(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        with private_files():
            (tmp_path / "in").touch()
        (tmp_path / "after").touch()
    finally:
        os.umask(before)
    assert (mode(tmp_path / "in"), mode(tmp_path / "after")) == (0o600, 0o644)
