"""What tests install for themselves is whole when it is used, whoever else installs it at the same time."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.installing import installed_once


def test_who_comes_second_waits_and_finds_it_whole(tmp_path: Path) -> None:
    begun, go_on, times = threading.Event(), threading.Event(), []

    def install(place: Path) -> None:
        times.append(place)
        place.mkdir()
        begun.set()
        assert go_on.wait(10)
        (place / "program").write_text("whole", encoding="utf-8")

    def use() -> str:
        return (installed_once(tmp_path / "cache" / "one", install) / "program").read_text(encoding="utf-8")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(use)
        assert begun.wait(10)
        second = pool.submit(use)
        go_on.set()
        assert (first.result(10), second.result(10)) == ("whole", "whole")
    assert times == [tmp_path / "cache" / "one"]


def test_one_that_was_interrupted_is_begun_anew(tmp_path: Path) -> None:
    def fails(place: Path) -> None:
        place.mkdir()
        (place / "half").touch()
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        installed_once(tmp_path / "one", fails)
    place = installed_once(tmp_path / "one", Path.mkdir)
    assert [file.name for file in place.iterdir()] == ["complete"]
