"""What tests and measurements install for themselves: once, whichever process comes first."""

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path

COMPLETE = "complete"


def installed_once(place: Path, install: Callable[[Path], None]) -> Path:
    """`place`, which `install` makes and fills where that was not done yet. Who else wants it waits until it is whole.

    One that was interrupted is begun anew.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.with_name(f"{place.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the kernel opens it when the holder ends, however that ends
        if not (place / COMPLETE).exists():
            shutil.rmtree(place, ignore_errors=True)
            install(place)
            (place / COMPLETE).touch()
    return place
