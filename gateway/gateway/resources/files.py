"""The three files that say which servers there are: read together, written all or none."""

import difflib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from gateway.resources.errors import CannotEdit
from gateway.settings import Settings


@dataclass(frozen=True, slots=True)
class Texts:
    """What the files say, or shall say."""

    policy: str
    envoy: str
    realm: str


@dataclass(frozen=True, slots=True)
class Files:
    """Where they are."""

    policy: Path
    envoy: Path
    realm: Path

    @classmethod
    def of(cls, settings: Settings) -> "Files":
        """Those of the checkout; the policy is elsewhere where POLICY_FILE says so."""
        home = settings.home
        return cls(settings.policy_file, home / "envoy" / "envoy.yaml", home / "keycloak" / "realm-export.json")

    def read(self) -> Texts:
        """Their content, line breaks as they are.

        Raises:
            CannotEdit: one cannot be read.
        """
        return Texts(_read(self.policy), _read(self.envoy), _read(self.realm))

    def pairs(self, before: Texts, after: Texts) -> Iterator[tuple[Path, str, str]]:
        """Each file that changes, with its content before and after. The policy last: it takes effect by itself."""
        for path, old, new in (
            (self.realm, before.realm, after.realm),
            (self.envoy, before.envoy, after.envoy),
            (self.policy, before.policy, after.policy),
        ):
            if old != new:
                yield path, old, new


def diff(files: Files, before: Texts, after: Texts, *, home: Path) -> list[str]:
    """The change as `diff -u` shows it, paths relative to the checkout."""
    lines: list[str] = []
    for path, old, new in reversed(list(files.pairs(before, after))):
        name = str(path.relative_to(home) if path.is_relative_to(home) else path)
        for line in difflib.unified_diff(old.splitlines(keepends=True), new.splitlines(keepends=True), name, name):
            lines += [line.rstrip("\n")] if line.endswith("\n") else [line, "\\ No newline at end of file"]
    return lines


def write(files: Files, before: Texts, after: Texts) -> None:
    """Replace each changed file in one step; put back what was replaced where a later one fails.

    Raises:
        CannotEdit: a file cannot be written, or was changed by somebody else since it was read. All are as they were.
    """
    changes = [(path.resolve(), old, new) for path, old, new in files.pairs(before, after)]
    with ExitStack() as undoing:
        try:
            if files.read() != before:
                raise CannotEdit("one of the files was changed meanwhile: run this again")
            for fresh, (path, old, _) in zip(_prepared(changes, undoing), changes, strict=True):
                fresh.replace(path)
                undoing.callback(_put_back, path, old)
        except OSError as error:
            raise CannotEdit(f"{error.filename} cannot be written ({error.strerror}); nothing was changed") from error
        undoing.pop_all()


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise CannotEdit(f"{path} cannot be read ({error})") from error


def _prepared(changes: Sequence[tuple[Path, str, str]], undoing: ExitStack) -> list[Path]:
    """The new contents, beside the files that they will replace, so that all that can fail has happened by then."""
    prepared = []
    for path, _, new in changes:
        prepared.append(_beside(path, new))
        undoing.callback(prepared[-1].unlink, missing_ok=True)
    return prepared


def _beside(path: Path, content: str) -> Path:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "wb") as out:
        out.write(content.encode())
        out.flush()
        os.fsync(descriptor)
    shutil.copymode(path, name)
    return Path(name)


def _put_back(path: Path, content: str) -> None:
    with suppress(OSError):
        _beside(path, content).replace(path)
