"""A policy file that changes while requests are decided on it."""

import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from ext_authz.check_policy import main as check_policy
from ext_authz.policy_file import load_policy
from ext_authz.policy_in_force import PolicyInForce, Refused
from ext_authz.policy_watch import PolicyWatch

from tests.support.authz import POLICY_FILE, PUBLIC_URL

GOOD = "resources:\n  a:\n    path: /a\n    scopes: [a]\n    tools: {one: []}\n"


@dataclass
class FakeRecorder:
    accepted: list[list[str]] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)

    def policy_accepted(self, resources: list[str]) -> None:
        self.accepted.append(resources)

    def policy_refused(self, source: str, line: int, text: str) -> None:
        self.refused.append(line)


class FaultyFile(type(Path())):  # type: ignore[misc]  # before Python 3.12 only the class for this system can be derived
    """A file whose bytes cannot be read while there is a fault."""

    fault: Exception | None = None

    def read_bytes(self) -> bytes:
        if self.fault is not None:
            raise self.fault
        return bytes(super().read_bytes())


class Watched:
    """A file, the policy that is in force, and the watch between them; it looks when told to."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "policy.yaml"
        self.file.write_text(GOOD)
        self.recorder = FakeRecorder()
        self.policy = PolicyInForce(load_policy(self.file, PUBLIC_URL))
        self._watch = PolicyWatch(self.file, PUBLIC_URL, self.policy, self.recorder)
        self.look(2)

    def look(self, times: int = 1) -> None:
        for _ in range(times):
            self._watch.look()

    @property
    def tools(self) -> set[str]:
        return set(self.policy.resources["a"].tools)


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def test_a_change_is_in_force_once_it_was_seen_twice(watched: Watched) -> None:
    watched.file.write_text(GOOD.replace("one", "two"))
    watched.look()
    assert watched.tools == {"one"}
    watched.look()
    assert watched.tools == {"two"}
    assert watched.recorder.accepted == [["a"]]


def test_half_a_file_is_never_in_force(watched: Watched) -> None:
    """Cut off at a place where it is a policy still, one that lists less."""
    whole = GOOD + "  b:\n    path: /b\n    scopes: []\n    tools: {}\n"
    for text in (GOOD.replace("{one: []}", "{}"), whole, whole):
        watched.file.write_text(text)
        watched.look()
    assert watched.tools == {"one"}
    assert watched.recorder.accepted == [["a", "b"]]


@pytest.mark.parametrize("number", range(1, len(GOOD.splitlines())))
def test_a_bad_policy_is_refused_with_its_line_and_the_old_one_stays(watched: Watched, number: int) -> None:
    lines = GOOD.splitlines()
    lines[number] += " ]"
    watched.file.write_text("\n".join(lines))
    watched.look(3)
    assert watched.tools == {"one"}
    assert watched.policy.refused is not None
    assert watched.recorder.refused == [number + 1], "it is said once"


def test_a_policy_mended_is_in_force_and_no_longer_refused(watched: Watched) -> None:
    watched.file.write_text("nonsense")
    watched.look(2)
    watched.file.write_text(GOOD)
    watched.look(2)
    assert watched.policy.refused is None
    assert watched.recorder.accepted == [["a"]]


@pytest.mark.parametrize("how", ["renamed", "same time and size", "through a link"])
def test_a_file_replaced_in_any_way_is_seen(watched: Watched, tmp_path: Path, how: str) -> None:
    fresh = tmp_path / "fresh"
    fresh.write_text(GOOD.replace("one", "two"))
    if how == "same time and size":
        before = watched.file.stat()
        watched.file.write_text(fresh.read_text())
        os.utime(watched.file, ns=(before.st_atime_ns, before.st_mtime_ns))
    elif how == "renamed":
        fresh.replace(watched.file)
    else:
        watched.file.unlink()
        watched.file.symlink_to(fresh)
    watched.look(2)
    assert watched.tools == {"two"}


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"", b"[" * 100_000, b'"\\UFFFFFFFF"'])
def test_a_file_that_is_gone_or_is_no_text_is_refused_and_the_watch_goes_on(
    watched: Watched, content: bytes | None
) -> None:
    watched.file.unlink()
    if content is not None:
        watched.file.write_bytes(content)
    watched.look(2)
    assert watched.policy.refused is not None
    watched.file.write_text(GOOD)
    watched.look(2)
    assert watched.policy.refused is None


@pytest.mark.parametrize("fault", [MemoryError("resources:"), ZeroDivisionError("resources:")])
def test_a_fault_of_a_look_is_told_once_as_a_refusal_and_heals(tmp_path: Path, fault: Exception) -> None:
    """Told by its type: the text of a fault may quote the file."""
    file = FaultyFile(tmp_path / "policy.yaml")
    file.write_text(GOOD)
    recorder, policy = FakeRecorder(), PolicyInForce(load_policy(file, PUBLIC_URL))
    watch = PolicyWatch(file, PUBLIC_URL, policy, recorder)
    file.write_text(GOOD.replace("one", "two"))
    file.fault = fault
    for _ in range(3):
        watch.look()
    assert policy.refused == Refused(1, f"cannot be taken up: {type(fault).__name__}")
    assert recorder.refused == [1]
    file.fault = None
    for _ in range(2):
        watch.look()
    assert set(policy.resources["a"].tools) == {"two"}
    assert recorder.accepted == [["a"]]
    assert policy.refused is None


def test_nothing_is_said_of_a_file_that_says_the_same(watched: Watched) -> None:
    watched.file.write_text("# a comment\n" + GOOD)
    watched.look(2)
    assert watched.recorder == FakeRecorder()


def test_a_refusal_names_the_mend() -> None:
    policy = PolicyInForce(load_policy(POLICY_FILE, PUBLIC_URL))
    policy.refuse(Refused(3, "mend it"))
    assert set(policy.resources) == {"weather", "calculator"}


def test_the_check_program_says_yes_or_the_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check_policy([str(POLICY_FILE)]) == 0
    bad = tmp_path / "policy.yaml"
    bad.write_text(GOOD.replace("[a]", "a"))
    assert check_policy([str(bad)]) == 2
    assert capsys.readouterr().err.startswith(f"{bad}:4: scopes are a list")
    assert check_policy([]) == 2
