"""All three files or none."""

from pathlib import Path

import pytest
from gateway.resources.errors import CannotEdit
from gateway.resources.files import Files, Texts, diff, write

BEFORE = Texts("policy\n", "envoy\n", "realm\n")
AFTER = Texts("policy\nmore\n", "envoy\nmore\n", "realm\nmore")


@pytest.fixture
def files(tmp_path: Path) -> Files:
    found = Files(tmp_path / "a" / "policy.yaml", tmp_path / "b" / "envoy.yaml", tmp_path / "c" / "realm.json")
    for path, text in zip((found.policy, found.envoy, found.realm), ("policy\n", "envoy\n", "realm\n"), strict=True):
        path.parent.mkdir()
        path.write_text(text)
        path.chmod(0o640)
    return found


def left_over(files: Files) -> list[str]:
    return [path.name for path in files.policy.parent.parent.rglob(".*")]


def test_all_are_written_with_the_permissions_that_they_had(files: Files) -> None:
    write(files, BEFORE, AFTER)
    assert files.read() == AFTER
    assert {path.stat().st_mode & 0o777 for path in (files.policy, files.envoy, files.realm)} == {0o640}
    assert left_over(files) == []


@pytest.mark.parametrize("which", ["policy", "envoy", "realm"])
def test_none_is_written_where_one_cannot_be_prepared(
    files: Files, which: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "replace", _failing(Path.replace, getattr(files, which)))
    with pytest.raises(CannotEdit, match="nothing was changed"):
        write(files, BEFORE, AFTER)
    monkeypatch.undo()
    assert files.read() == BEFORE
    assert left_over(files) == []


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(files: Files) -> None:
    files.envoy.write_text("theirs\n")
    with pytest.raises(CannotEdit, match="changed meanwhile"):
        write(files, BEFORE, AFTER)
    assert files.read() == Texts("policy\n", "theirs\n", "realm\n")
    assert left_over(files) == []


def test_a_file_behind_a_link_is_replaced_and_the_link_stays(files: Files, tmp_path: Path) -> None:
    real = tmp_path / "elsewhere.yaml"
    files.policy.rename(real)
    files.policy.symlink_to(real)
    write(files, BEFORE, AFTER)
    assert files.policy.is_symlink()
    assert real.read_text() == AFTER.policy


def test_the_difference_is_unified_and_names_paths_as_one_sees_them(files: Files, tmp_path: Path) -> None:
    lines = diff(files, BEFORE, AFTER, home=tmp_path)
    assert lines[:2] == ["--- a/policy.yaml", "+++ a/policy.yaml"]
    assert lines.count("+more") == 3
    assert lines[-1] == "\\ No newline at end of file"


def _failing(replace: object, target: Path) -> object:
    """``Path.replace`` that fails for one target, once: putting it back works."""
    failed: list[Path] = []

    def fail(self: Path, other: Path) -> object:
        if other == target.resolve() and not failed:
            failed.append(other)
            raise OSError(28, "No space left on device", str(other))
        return replace(self, other)  # type: ignore[operator]

    return fail
