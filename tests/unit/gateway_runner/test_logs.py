"""Log files: bounded while they are written to, and read from the end."""

from pathlib import Path

from gateway.runner.logs import bound, log_path, tail


def test_a_log_over_its_limit_is_kept_once_and_goes_on_from_nothing(tmp_path: Path) -> None:
    log = log_path(tmp_path, "part")
    with log.open("ab", buffering=0) as component:
        component.write(b"old\n" * 100)
        bound(log, largest=100)
        component.write(b"new\n")
    assert log.read_bytes() == b"new\n"
    assert (tmp_path / "part.log.1").read_bytes() == b"old\n" * 100


def test_a_log_within_its_limit_is_left_alone(tmp_path: Path) -> None:
    log = log_path(tmp_path, "part")
    bound(log)
    log.write_text("short\n")
    bound(log, largest=100)
    assert log.read_text() == "short\n"
    assert not (tmp_path / "part.log.1").exists()


def test_tail_is_the_last_twenty_lines_of_this_start_only(tmp_path: Path) -> None:
    log = log_path(tmp_path, "part")
    log.write_text("the start before\n")
    before = log.stat().st_size
    with log.open("ab") as more:
        more.write(b"".join(b"line %d\n" % number for number in range(30)) + b"\xff not UTF-8\n")
    shown = tail(log, after=before)
    assert shown == [f"line {number}" for number in range(11, 30)] + ["\N{REPLACEMENT CHARACTER} not UTF-8"]
    assert tail(log, after=10**6) == []
    assert tail(tmp_path / "missing.log") == []
