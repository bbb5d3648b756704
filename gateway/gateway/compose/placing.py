"""Writes as root what others own: each service's volume, and the certificates that stay the host user's.

Needs CAP_CHOWN, CAP_FOWNER and CAP_DAC_OVERRIDE, and nothing else that root usually may.
"""

import os
import stat
import tempfile
from pathlib import Path

from gateway.compose.volumes import File, Volume

FOLDER = 0o700


def place(volume: Volume, folder: Path) -> None:
    """Bring `folder` in step with `volume`. What is right already is not touched, so that nobody reloads it in vain."""
    _own(folder, volume.owner)
    for file in volume.files:
        path = folder / file.path
        if path.parent != folder:
            path.parent.mkdir(exist_ok=True)
            _own(path.parent, volume.owner)
        if not _is_right(path, file, volume.owner):
            _write(path, file, volume.owner)


def hand_back(folder: Path) -> None:
    """Everything in `folder` belongs to whoever owns the folder: the host's user, not root."""
    owner = folder.stat()
    for path in folder.iterdir():
        if (path.lstat().st_uid, path.lstat().st_gid) != (owner.st_uid, owner.st_gid):
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _own(folder: Path, owner: int) -> None:
    os.chown(folder, owner, owner)
    folder.chmod(FOLDER)


def _is_right(path: Path, file: File, owner: int) -> bool:
    try:
        found = path.lstat()
        same = path.read_bytes() == file.content
    except FileNotFoundError:
        return False
    return same and stat.S_IMODE(found.st_mode) == file.mode and (found.st_uid, found.st_gid) == (owner, owner)


def _write(path: Path, file: File, owner: int) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "wb") as out:
        out.write(file.content)
        os.fchown(descriptor, owner, owner)
        os.fchmod(descriptor, file.mode)
    # The rename is what Envoy's watched directory waits for, and it never shows half a file.
    Path(temporary).replace(path)
