"""What is in an image, layer by layer, as `docker save` writes it (OCI image layout)."""

import json
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

WHITEOUT = ".wh."
"""A name with this prefix takes away what an earlier layer brought (OCI image specification, "Whiteouts")."""
OPAQUE = ".wh..wh..opq"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file, folder or link of a layer; ``content`` of a file, else b""."""

    layer: int
    tar: tarfile.TarInfo
    content: bytes

    @property
    def path(self) -> str:
        return self.tar.name.removeprefix("./").rstrip("/")


@dataclass(frozen=True, slots=True)
class Image:
    """``config`` has the history, the environment and the labels."""

    config: dict[str, Any]
    archive: tarfile.TarFile
    names: tuple[str, ...]

    def entries(self) -> Iterator[Entry]:
        """Of all layers from the lowest, also what a later one takes away."""
        for number, name in enumerate(self.names):
            with tarfile.open(fileobj=self.archive.extractfile(name)) as layer:
                for tar in layer:
                    file = layer.extractfile(tar) if tar.isfile() else None
                    yield Entry(number, tar, file.read() if file else b"")

    def tree(self) -> dict[str, tuple[object, ...]]:
        """What a container finds: path → kind, mode, owner, and the content's hash or the link's target; no times."""
        found: dict[str, tuple[object, ...]] = {}
        for entry in self.entries():
            folder, _, name = entry.path.rpartition("/")
            if name == OPAQUE:
                _remove(found, folder + "/")
            elif name.startswith(WHITEOUT):
                gone = f"{folder}/{name.removeprefix(WHITEOUT)}".lstrip("/")
                found.pop(gone, None)
                _remove(found, gone + "/")
            else:
                tar = entry.tar
                target = tar.linkname or sha256(entry.content).hexdigest()
                found[entry.path] = (tar.type, oct(tar.mode), tar.uid, tar.gid, target)
        return found


@contextmanager
def saved(name: str) -> Iterator[Image]:
    """The image that the container engine knows by ``name``."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "image.tar"
        subprocess.run(["docker", "save", "--output", str(file), name], check=True, capture_output=True)
        with tarfile.open(file) as archive:
            manifest = _json(archive, "manifest.json")[0]
            yield Image(_json(archive, manifest["Config"]), archive, tuple(manifest["Layers"]))


def _json(archive: tarfile.TarFile, name: str) -> Any:
    file = archive.extractfile(name)
    assert file is not None, name
    return json.load(file)


def _remove(found: dict[str, tuple[object, ...]], prefix: str) -> None:
    for path in [path for path in found if path.startswith(prefix)]:
        del found[path]
