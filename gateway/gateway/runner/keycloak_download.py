"""Fetches Keycloak's distribution with jgo (the one file that imports it)."""

import contextlib
import hashlib
import logging
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import requests
from jgo.maven import MavenContext, PythonResolver

from gateway.runner.background import Cancelled
from gateway.runner.component import Say
from gateway.runner.errors import InstallFailed
from gateway.runner.keycloak_release import ARTIFACT, GROUP, SHA256, VERSION

CONNECT_TIMEOUT = 30
ATTEMPTS = 3
PERCENT_PER_REPORT = 5

Fetch = Callable[[MavenContext], Path]


def fetch_distribution(
    workspace: Path, say: Say, cancelled: threading.Event, *, fetch: Fetch | None = None, sha256: str = SHA256
) -> Path:
    """The path of a distribution whose SHA-256 is the expected one; blocking.

    A copy that Maven left in the user's own repository is used as it is, and only read; a download goes to `workspace`.

    Raises:
        InstallFailed: it cannot be fetched, or is not the expected file.
        Cancelled: the caller has gone away.
    """
    logging.getLogger("jgo").setLevel(logging.ERROR)
    own = Path.home() / ".m2" / "repository"
    for local in [[own], []] if own.is_dir() else [[]]:
        found = _resolve(workspace, local, say, cancelled, fetch or _fetch)
        say("checking the download")
        if _sha256(found) == sha256:
            return found
    raise InstallFailed(
        f"the downloaded {found.name} is not the expected file (SHA-256 differs): try again, and if it "
        "happens again look at what stands between this machine and the Maven repository"
    )


def _resolve(workspace: Path, local: list[Path], say: Say, cancelled: threading.Event, fetch: Fetch) -> Path:
    error: Exception | None = None
    for attempt in range(1, ATTEMPTS + 1):
        shutil.rmtree(workspace, ignore_errors=True)  # jgo takes a half-written file for a whole one
        resolver = PythonResolver(progress_callback=_progress(say, cancelled))
        context = MavenContext(repo_cache=workspace, local_repos=local, resolver=resolver, timeout=CONNECT_TIMEOUT)
        try:
            say(f"looking for Keycloak {VERSION}" + (f" (attempt {attempt} of {ATTEMPTS})" if attempt > 1 else ""))
            return fetch(context)
        except (requests.RequestException, RuntimeError) as failed:
            error = failed
    raise InstallFailed(
        f"Keycloak {VERSION} could not be downloaded: {_reason(error)}. Check the network (HTTPS_PROXY is used where "
        f"set), or put {ARTIFACT}-{VERSION}.zip into {_by_hand()}"
    ) from error


def _fetch(context: MavenContext) -> Path:
    return Path(context.project(GROUP, ARTIFACT).at_version(VERSION).artifact(packaging="zip").resolve())


def _progress(
    say: Say, cancelled: threading.Event
) -> Callable[[str, int], contextlib.AbstractContextManager[Callable[[int], None]]]:
    @contextlib.contextmanager
    def watch(name: str, total: int) -> Iterator[Callable[[int], None]]:
        received, reported = 0, -PERCENT_PER_REPORT

        def count(size: int) -> None:
            nonlocal received, reported
            if cancelled.is_set():
                raise Cancelled
            received += size
            if (percent := received * 100 // total) >= reported + PERCENT_PER_REPORT:
                reported = percent - percent % PERCENT_PER_REPORT
                say(f"downloading {name}: {received / 1e6:.0f} of {total / 1e6:.0f} MB ({percent} %)")

        yield count

    return watch


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _reason(error: Exception | None) -> str:
    if isinstance(error, requests.ConnectionError):
        return "no connection to the Maven repository"
    if isinstance(error, requests.Timeout):
        return f"the Maven repository was silent for {CONNECT_TIMEOUT} s"
    return " ".join(str(error).split())


def _by_hand() -> Path:
    return Path.home() / ".m2" / "repository" / GROUP.replace(".", "/") / ARTIFACT / VERSION
