"""A Keycloak that is fetched, unpacked and built once, and shared by every stack that uses the same cache."""

import os
import shutil
import threading
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gateway.runner.background import Cancelled, from_any_thread, in_thread
from gateway.runner.component import Say
from gateway.runner.errors import InstallFailed
from gateway.runner.filelock import Locked, hold_when_free
from gateway.runner.inheriting import inherited
from gateway.runner.keycloak_command import BUILD_ENVIRONMENT, build_command
from gateway.runner.keycloak_release import VERSION
from gateway.runner.logs import tail
from gateway.runner.process import how_it_ended, start

INSTALL_DEADLINE = 1200.0
BUILD_DEADLINE = 300.0


def _fetch(workspace: Path, say: Say, cancelled: threading.Event) -> Path:
    # Imported here: what downloads takes a while to load, and does so once on a machine
    from gateway.runner.keycloak_download import fetch_distribution  # noqa: PLC0415

    return fetch_distribution(workspace, say, cancelled)


@dataclass(frozen=True, slots=True)
class Tools:
    """How Keycloak is fetched (into a folder) and built (the command for a home)."""

    fetch: Callable[[Path, Say, threading.Event], Path] = _fetch
    build: Callable[[Path], tuple[str, ...]] = build_command


STANDARD = Tools()


def install_path(cache: Path, feature: str = "") -> Path:
    """Where the built Keycloak is. It is put there by one rename, so if it is there it is whole."""
    return cache / "-".join(filter(None, ("keycloak", VERSION, feature)))


async def ensure_installed(cache: Path, log: Path, say: Say, tools: Tools = STANDARD, feature: str = "") -> Path:
    """Fetches, unpacks and builds Keycloak where that was not done yet.

    A build with an experimental `feature` lies beside the plain one, and is made from it where that is there. Two
    stacks that start at once do it one after the other, and the second finds it done.

    Raises:
        InstallFailed: one of the three did not succeed; nothing half-done is left behind under the final name.
    """
    target = install_path(cache, feature)
    if target.is_dir():
        return target
    try:
        async with hold_when_free(
            cache / "keycloak.lock",
            deadline=INSTALL_DEADLINE,
            while_waiting=lambda: say("waiting for another start that is installing Keycloak"),
        ):
            if not target.is_dir():
                await _install(target, log, from_any_thread(say), tools, feature=feature)
    except Locked as error:
        raise InstallFailed(f"another start has held {cache / 'keycloak.lock'} for too long") from error
    except OSError as error:
        raise InstallFailed(f"Keycloak cannot be installed in {cache}: {error.strerror}") from error
    return target


async def _install(target: Path, log: Path, say: Say, tools: Tools, *, feature: str) -> None:
    new = target.with_name("keycloak.new")
    shutil.rmtree(new, ignore_errors=True)  # of a start that was killed
    try:
        unpacked = await in_thread(lambda cancelled: _unpacked(new, say, tools, cancelled))
        say("building Keycloak for this setup (once; takes about half a minute)")
        await _build(unpacked, log, tools, feature)
        unpacked.rename(target)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _unpacked(new: Path, say: Say, tools: Tools, cancelled: threading.Event) -> Path:
    """A distribution in `new`: copied from the plain build where there is one, else fetched. Blocking."""
    plain = install_path(new.parent)
    if plain.is_dir():
        return Path(shutil.copytree(plain, new / "copied", symlinks=True))
    archive = tools.fetch(new / "download", say, cancelled)
    say(f"unpacking {archive.name}")
    return unpack(archive, new / "unpacked", cancelled)


def unpack(archive: Path, into: Path, cancelled: threading.Event) -> Path:
    """Unpacks a zip with its permission bits, which `zipfile` drops; returns its only folder. Blocking.

    Raises:
        InstallFailed: it is no zip file with one folder in it.
    """
    try:
        with zipfile.ZipFile(archive) as zipped:
            for entry in zipped.infolist():
                if cancelled.is_set():
                    raise Cancelled
                path = Path(zipped.extract(entry, into))
                if mode := entry.external_attr >> 16 & 0o777:
                    path.chmod(mode | 0o200)
    except zipfile.BadZipFile as error:
        raise InstallFailed(f"{archive} is not a zip file: {error}") from error
    folders = list(into.iterdir())
    if len(folders) != 1:
        raise InstallFailed(f"{archive} should hold one folder, and holds {len(folders)}")
    return folders[0]


async def _build(home: Path, log: Path, tools: Tools, feature: str) -> None:
    environment = inherited(os.environ) | BUILD_ENVIRONMENT | ({"KC_FEATURES": feature} if feature else {})
    process = await start(tools.build(home), environment=environment, directory=home, log=log)
    try:
        finished = await process.wait(BUILD_DEADLINE)
    finally:
        process.kill()
        await process.wait()
    if not finished or process.child.returncode != 0:
        ending = how_it_ended(process.child.returncode) if finished else f"took more than {BUILD_DEADLINE:.0f} s"
        last = tail(log, after=process.log_start)
        raise InstallFailed(f"the build of Keycloak {ending}; its log is {log}", tail=last)
