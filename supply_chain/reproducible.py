"""Builds images twice from nothing and compares every file: ``python -m supply_chain.reproducible [FOLDER …]``.

Compared are kind, mode, owner and content of what a container finds, not the times of files. Exit code 0 if all is
alike, 1 with the paths that are not.
"""

import subprocess
import sys
from collections.abc import Sequence

from supply_chain.layers import saved
from supply_chain.locked import ROOT

FOLDERS = ("ext-authz", "mcp-weather", "mcp-calculator", "gateway")
SHOWN = 20


def differences(one: dict[str, tuple[object, ...]], other: dict[str, tuple[object, ...]]) -> list[str]:
    """The paths that only one has, or that are not alike."""
    return sorted(path for path in one.keys() | other.keys() if one.get(path) != other.get(path))


def main(folders: Sequence[str]) -> int:
    differs = False
    for folder in folders or FOLDERS:
        trees = []
        for number in (1, 2):
            tag = f"mcp-gateway-reproducible:{folder}-{number}"
            build = ["docker", "build", "--quiet", "--no-cache", "--tag", tag, "--file", f"{folder}/Dockerfile", "."]
            subprocess.run(build, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
            with saved(tag) as image:
                trees.append(image.tree())
            subprocess.run(["docker", "rmi", tag], check=True, capture_output=True)
        found = differences(*trees)
        sys.stdout.write(f"{folder}: {len(trees[0])} files, {len(found)} differ\n")
        sys.stdout.writelines(f"  {path}\n" for path in found[:SHOWN])
        differs = differs or bool(found)
    return 1 if differs else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
