"""Folders and files that no other user of this machine may read: keys, password hashes, logs."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.runner.errors import BadSetting

OWNER_ONLY = 0o700
OTHERS = 0o077


def private_directory(path: Path) -> Path:
    """Makes the folder `path`, or takes one that is there away from everybody else; returns it.

    Raises:
        BadSetting: it belongs to another user, or to everybody (as /tmp does), or cannot be made.
    """
    try:
        path.mkdir(mode=OWNER_ONLY, parents=True, exist_ok=True)
        found = path.stat()
        if found.st_uid != os.geteuid() or found.st_mode & stat.S_ISVTX:
            raise BadSetting(f"STATE_DIR: {path} is not this user's alone: set it to a folder of your own")
        if found.st_mode & OTHERS:
            path.chmod(OWNER_ONLY)
    except OSError as error:
        raise BadSetting(f"STATE_DIR: {path} cannot be used ({error.strerror})") from error
    return path


@contextmanager
def private_files() -> Iterator[None]:
    """What this process and its children make in the block is readable by this user only (umask(2))."""
    before = os.umask(OTHERS)
    try:
        yield
    finally:
        os.umask(before)
