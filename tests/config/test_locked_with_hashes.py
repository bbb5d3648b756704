"""What is installed is what was locked, to the byte: everywhere by uv.lock, and uv itself by its own hashes."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from supply_chain.locked import uv
from tests.support.stack import ROOT

DOCKERFILES = sorted(ROOT.glob("*/Dockerfile"))
PYTHON_DOCKERFILES = [path for path in DOCKERFILES if "PYTHON_IMAGE" in path.read_text(encoding="utf-8")]
SHA256 = re.compile(r"sha256:[0-9a-f]{64}")


def test_every_file_of_every_package_has_its_sha256_in_the_lock() -> None:
    packages = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
    fetched = [package for package in packages if "registry" in package["source"]]
    assert len(fetched) > 80
    for package in fetched:
        files = [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]
        assert files, package["name"]
        assert all(SHA256.fullmatch(file["hash"]) for file in files), package["name"]
    others = {tuple(package["source"]) for package in packages if package not in fetched}
    assert others <= {("editable",), ("virtual",)}  # the members of this checkout


@pytest.mark.covers("D5")
@pytest.mark.parametrize("dockerfile", PYTHON_DOCKERFILES, ids=lambda path: path.parent.name)
def test_an_image_installs_nothing_but_by_the_lock_and_uv_by_its_hashes(dockerfile: Path) -> None:
    text = dockerfile.read_text(encoding="utf-8")
    assert set(re.findall(r"uv sync (--\S+)", text)) == {"--frozen"}
    installs = re.findall(r"pip install .*", text)
    assert [install.endswith(" --require-hashes -r /uv.txt") for install in installs] == [True]
    assert not re.search(r"\b(curl|wget|apt-get|apt|ADD)\b", text)


def test_uv_is_one_version_everywhere_with_its_hashes() -> None:
    text = (ROOT / "containers" / "uv.txt").read_text(encoding="utf-8")
    version = re.search(r"^UV_VERSION=(\S+)", (ROOT / "gateway/bootstrap.sh").read_text(encoding="utf-8"), re.MULTILINE)
    assert version
    assert re.findall(r"^uv==(\S+)", text, re.MULTILINE) == [version[1]]
    assert len(SHA256.findall(text)) > 10


def test_a_file_that_differs_from_the_lock_is_refused(tmp_path: Path) -> None:
    """uv itself, asked as the images ask it, with one digit of one hash changed."""
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "x"\nversion = "0"\nrequires-python = ">=3.11"\ndependencies = ["idna"]\n'
    )
    lock = tmp_path / "uv.lock"
    subprocess.run([uv(), "lock", "--quiet"], cwd=tmp_path, check=True, capture_output=True)
    lock.write_text(SHA256.sub(lambda found: found[0][:-8] + "00000000", lock.read_text()))
    sync = [uv(), "sync", "--frozen", "--quiet", "--no-cache"]
    done = subprocess.run(sync, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert done.returncode != 0
    assert "Hash mismatch" in done.stderr
