"""Fetching, unpacking and building Keycloak, with a small archive and a build that is a script."""

import asyncio
import hashlib
import logging
import sys
import threading
import zipfile
from pathlib import Path

import pytest
import requests
from gateway.runner.errors import InstallFailed
from gateway.runner.keycloak_command import prepare_home
from gateway.runner.keycloak_download import fetch_distribution
from gateway.runner.keycloak_install import Tools, ensure_installed, install_path
from jgo.maven import MavenContext

from tests.support.runner import eventually

BUILD = "import pathlib, sys; (pathlib.Path(sys.argv[1]) / 'built').touch()"


def _archive(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / "keycloak.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for name, mode in (("kc/bin/kc.sh", 0o755), ("kc/lib/app.jar", 0o644)):
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            zipped.writestr(entry, "content")
    return archive


class FakeTools:
    """Counts how often it was asked; builds with a script."""

    def __init__(self, build: str = BUILD) -> None:
        self.fetched = 0
        self._build = build

    def fetch(self, workspace: Path, say: object, cancelled: threading.Event) -> Path:
        self.fetched += 1
        return _archive(workspace)

    def build(self, home: Path) -> tuple[str, ...]:
        return (sys.executable, "-c", self._build, str(home))

    @property
    def tools(self) -> Tools:
        return Tools(self.fetch, self.build)


async def _install(tmp_path: Path, fake: FakeTools) -> Path:
    return await ensure_installed(tmp_path / "cache", tmp_path / "build.log", lambda _: None, fake.tools)


@pytest.mark.covers("O19")
async def test_it_is_fetched_and_built_once(tmp_path: Path) -> None:
    fake = FakeTools()
    for _ in range(2):
        home = await _install(tmp_path, fake)
        assert home == install_path(tmp_path / "cache")
        assert (home / "built").exists()
    assert fake.fetched == 1
    assert not (tmp_path / "cache" / "keycloak.new").exists()


@pytest.mark.covers("O16", "O19")
async def test_a_build_with_a_feature_is_made_from_the_plain_one_and_leaves_it_alone(tmp_path: Path) -> None:
    told = (
        "import os, pathlib, sys; (pathlib.Path(sys.argv[1]) / 'built').write_text(os.environ.get('KC_FEATURES', ''))"
    )
    fake = FakeTools(told)
    plain = await _install(tmp_path, fake)
    build = ensure_installed(tmp_path / "cache", tmp_path / "build.log", lambda _: None, fake.tools, feature="cimd")
    with_feature = await build
    assert fake.fetched == 1
    assert (plain / "built").read_text() == ""
    assert (with_feature / "built").read_text() == "cimd"
    assert (with_feature / "bin" / "kc.sh").stat().st_mode & 0o111


async def test_programs_in_it_stay_executable(tmp_path: Path) -> None:
    home = await _install(tmp_path, FakeTools())
    assert (home / "bin" / "kc.sh").stat().st_mode & 0o111
    assert not (home / "lib" / "app.jar").stat().st_mode & 0o111


async def test_two_stacks_that_start_at_once_install_it_once(tmp_path: Path) -> None:
    fake = FakeTools()
    homes = await asyncio.gather(*(_install(tmp_path, fake) for _ in range(3)))
    assert len(set(homes)) == 1
    assert fake.fetched == 1


async def test_a_build_that_fails_is_told_with_its_log_and_done_again_next_time(tmp_path: Path) -> None:
    with pytest.raises(InstallFailed, match="the build of Keycloak exited with code 3") as failed:
        await _install(tmp_path, FakeTools("print('why it failed'); raise SystemExit(3)"))
    assert failed.value.tail == ["why it failed"]
    assert not install_path(tmp_path / "cache").exists()
    assert (await _install(tmp_path, FakeTools())).is_dir()


async def test_what_a_killed_start_left_is_cleared_away(tmp_path: Path) -> None:
    left = tmp_path / "cache" / "keycloak.new" / "unpacked" / "half"
    left.mkdir(parents=True)
    assert (await _install(tmp_path, FakeTools())).is_dir()
    assert not left.exists()


async def test_a_cancelled_start_ends_the_build_at_once(tmp_path: Path) -> None:
    started = tmp_path / "started"
    build = f"import pathlib, signal; pathlib.Path({str(started)!r}).touch(); signal.pause()"
    running = asyncio.create_task(_install(tmp_path, FakeTools(build)))
    await asyncio.to_thread(eventually, started.exists)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not install_path(tmp_path / "cache").exists()


async def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(InstallFailed, match="cannot be installed in"):
        await _install(tmp_path, FakeTools())


# --- the download itself: jgo with another fetch in place of the network


def _download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fetched: list[Path | Exception], sha256: str
) -> tuple[Path, list[list[Path]]]:
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    monkeypatch.setattr(logging.getLogger("jgo"), "level", logging.ERROR)
    repositories: list[list[Path]] = []

    def fetch(context: MavenContext) -> Path:
        repositories.append(context.local_repos)
        answer = fetched.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    found = fetch_distribution(tmp_path / "work", lambda _: None, threading.Event(), fetch=fetch, sha256=sha256)
    return found, repositories


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_connection_that_breaks_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = _archive(tmp_path)
    broken = requests.ConnectionError("reset")
    assert _download(tmp_path, monkeypatch, [broken, broken, good], _sha256(good))[0] == good


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (requests.ConnectionError("no route"), "no connection to the Maven repository"),
        (requests.Timeout("slow"), "the Maven repository was silent for 30 s"),
        (RuntimeError("not found in\nremote repositories"), "not found in remote repositories"),
    ],
)
def test_a_download_that_does_not_succeed_is_one_sentence_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    with pytest.raises(InstallFailed) as failed:
        _download(tmp_path, monkeypatch, [error, error, error], "")
    assert f"could not be downloaded: {reason}" in failed.value.sentence
    assert "HTTPS_PROXY" in failed.value.sentence
    assert "\n" not in failed.value.sentence
    assert failed.value.exit_code == 6


def test_another_file_than_the_expected_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InstallFailed, match="SHA-256 differs"):
        _download(tmp_path, monkeypatch, [_archive(tmp_path)], "0" * 64)


def test_a_spoilt_copy_in_the_users_repository_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "home" / ".m2" / "repository"
    own.mkdir(parents=True)
    good, spoilt = _archive(tmp_path / "good"), tmp_path / "spoilt.zip"
    spoilt.write_bytes(good.read_bytes()[:20])
    found, repositories = _download(tmp_path, monkeypatch, [spoilt, good], _sha256(good))
    assert found == good
    assert repositories == [[own], []]


# --- the home that Keycloak runs in


@pytest.mark.covers("O2")
def test_a_home_shares_the_install_and_has_its_own_data(tmp_path: Path) -> None:
    realm = tmp_path / "realm-export.json"
    realm.write_text('{"realm": "mcp-gateway"}')
    for install in (tmp_path / "one", tmp_path / "two"):
        (install / "lib").mkdir(parents=True)
        prepare_home(tmp_path / "home", install, realm)
        assert (tmp_path / "home" / "lib").resolve() == install / "lib"
    assert (tmp_path / "home" / "data" / "import" / "realm-export.json").read_text() == realm.read_text()
    assert not (tmp_path / "home" / "data").is_symlink()
