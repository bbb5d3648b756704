"""`make` on a machine with little on it: what is looked for, and what is said where it is missing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.runner import ROOT

BOOTSTRAP = ROOT / "gateway" / "bootstrap.sh"
TOOLS = ("sh", "cut", "cat", "touch", "make", "awk")
# Notes what it is asked, and makes an environment whose Python notes the bytecode that it is asked for
UV = """#!/bin/sh
echo "uv $*" >> uv-calls
mkdir -p .venv/bin
printf '#!/bin/sh\\necho "$PYTHONDONTWRITEBYTECODE|$2" >> python-calls\\n' > .venv/bin/python
chmod +x .venv/bin/python
"""
PYTHON = """#!/bin/sh
case "$*" in
    *version_info*) exit {usable} ;;
    "-m pip --version") exit {no_pip} ;;
    *"import venv"*) exit {no_venv} ;;
    "-m pip install"*)
        mkdir -p .tools/bin
        cp "$HOME/uv" .tools/bin/uv ;;
esac
"""


OPTIMIZED, TOO_OLD, NOT_OPTIMIZED = 0, 1, 3


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A checkout with the bootstrap in it, and a PATH with next to nothing."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "checkout").mkdir()
    (tmp_path / "uv").write_text(UV)
    (tmp_path / "uv").chmod(0o755)
    for tool in (*TOOLS, "cp", "mkdir", "chmod"):
        found = shutil.which(tool)
        assert found, f"{tool} is needed for this test"
        (tmp_path / "bin" / tool).symlink_to(found)
    return tmp_path


def _program(machine: Path, name: str, text: str) -> None:
    path = machine / "bin" / name
    path.write_text(text)
    path.chmod(0o755)


def _bootstrap(machine: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["sh", str(BOOTSTRAP)],
        cwd=machine / "checkout",
        env={"PATH": str(machine / "bin"), "HOME": str(machine), **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def _uv_calls(machine: Path) -> list[str]:
    return (machine / "checkout" / "uv-calls").read_text().splitlines()


def test_uv_on_the_path_is_used(machine: Path) -> None:
    _program(machine, "uv", UV)
    _program(machine, "python3", PYTHON.format(usable=OPTIMIZED, no_pip=1, no_venv=1))
    done = _bootstrap(machine)
    assert done.returncode == 0, done.stderr
    assert _uv_calls(machine) == [f"uv sync --frozen --python {machine / 'bin' / 'python3'}"]


def test_without_uv_a_pinned_one_is_installed_beside_the_checkout(machine: Path) -> None:
    _program(machine, "python3.12", PYTHON.format(usable=OPTIMIZED, no_pip=0, no_venv=1))
    done = _bootstrap(machine)
    assert done.returncode == 0, done.stderr
    assert _uv_calls(machine)[-1] == f"uv sync --frozen --python {machine / 'bin' / 'python3.12'}"
    assert done.stdout == "", "stdout belongs to the token of `make -s token`"


def test_what_a_start_imports_is_compiled_at_once_also_where_python_is_told_to_keep_nothing(machine: Path) -> None:
    _program(machine, "uv", UV)
    _program(machine, "python3", PYTHON.format(usable=OPTIMIZED, no_pip=1, no_venv=1))
    done = _bootstrap(machine, PYTHONDONTWRITEBYTECODE="1")
    assert done.returncode == 0, done.stderr
    (call,) = (machine / "checkout" / "python-calls").read_text().splitlines()
    told, _, statement = call.partition("|")
    assert told == ""
    for program in ("gateway.runner.stack", "ext_authz.__main__", "mcp_weather.__main__", "mcp_calculator.__main__"):
        assert program in statement
    subprocess.run([sys.executable, "-c", statement], timeout=60, check=True)


def test_a_python_that_was_built_for_speed_is_taken_before_a_newer_one(machine: Path) -> None:
    _program(machine, "uv", UV)
    _program(machine, "python3.13", PYTHON.format(usable=NOT_OPTIMIZED, no_pip=1, no_venv=1))
    _program(machine, "python3.12", PYTHON.format(usable=TOO_OLD, no_pip=1, no_venv=1))
    _program(machine, "python3.11", PYTHON.format(usable=OPTIMIZED, no_pip=1, no_venv=1))
    assert _bootstrap(machine).returncode == 0
    assert _uv_calls(machine) == [f"uv sync --frozen --python {machine / 'bin' / 'python3.11'}"]


def test_a_real_python_is_one_that_can_be_used(machine: Path) -> None:
    _program(machine, "uv", UV)
    (machine / "bin" / "python3").symlink_to(sys.executable)
    assert _bootstrap(machine).returncode == 0
    assert _uv_calls(machine) == [f"uv sync --frozen --python {machine / 'bin' / 'python3'}"]


@pytest.mark.parametrize(
    ("prefix", "configured", "code"),
    [("/usr", "--enable-shared", 0), ("/opt/python", "--enable-optimizations --with-lto", 0), ("/opt/python", "", 3)],
)
def test_a_distributions_python_and_an_optimized_one_are_the_fast_ones(prefix: str, configured: str, code: int) -> None:
    question = BOOTSTRAP.read_text(encoding="utf-8").partition("IS_USABLE='")[2].partition("'")[0]
    faked = (
        f"import sys, sysconfig\nsys.base_prefix = {prefix!r}\n"
        f"sysconfig.get_config_var = {{'CONFIG_ARGS': {configured!r}}}.__getitem__\n"
    )
    assert subprocess.run([sys.executable, "-c", faked + question], timeout=30, check=False).returncode == code


def test_what_a_program_with_a_pythons_name_says_or_reads_is_no_matter(machine: Path) -> None:
    chatty = PYTHON.format(usable=9, no_pip=1, no_venv=1) + "cat; echo Python was not found\n"
    _program(machine, "python3.13", chatty.replace("*version_info*)", "*version_info*) cat; echo no Python;"))
    _program(
        machine, "python3.12", PYTHON.format(usable=NOT_OPTIMIZED, no_pip=1, no_venv=1).replace("esac", "esac; cat")
    )
    _program(machine, "python3.11", PYTHON.format(usable=NOT_OPTIMIZED, no_pip=0, no_venv=1))
    done = _bootstrap(machine)
    assert done.returncode == 0, done.stderr
    assert _uv_calls(machine)[-1] == f"uv sync --frozen --python {machine / 'bin' / 'python3.12'}"


def test_one_later_on_the_path_is_found_and_where_none_was_built_for_speed_the_newest_is_taken(machine: Path) -> None:
    (machine / "manager").mkdir()
    _program(machine, "uv", UV)
    _program(machine, "../manager/python3.12", PYTHON.format(usable=NOT_OPTIMIZED, no_pip=1, no_venv=1))
    _program(machine, "python3.11", PYTHON.format(usable=NOT_OPTIMIZED, no_pip=1, no_venv=1))
    path = f"{machine / 'manager'}:{machine / 'bin'}"
    _bootstrap(machine, PATH=path)
    _program(machine, "python3.12", PYTHON.format(usable=OPTIMIZED, no_pip=1, no_venv=1))
    _bootstrap(machine, PATH=path)
    newest, fast = _uv_calls(machine)
    assert newest == f"uv sync --frozen --python {machine / 'manager' / 'python3.12'}"
    assert fast == f"uv sync --frozen --python {machine / 'bin' / 'python3.12'}"


def test_uv_is_installed_by_another_python_where_the_one_that_is_taken_cannot(machine: Path) -> None:
    _program(machine, "python3.12", PYTHON.format(usable=OPTIMIZED, no_pip=1, no_venv=1))
    _program(machine, "python3.11", PYTHON.format(usable=NOT_OPTIMIZED, no_pip=0, no_venv=1))
    done = _bootstrap(machine)
    assert done.returncode == 0, done.stderr
    assert _uv_calls(machine)[-1] == f"uv sync --frozen --python {machine / 'bin' / 'python3.12'}"


def test_python_that_is_too_old_is_not_taken(machine: Path) -> None:
    _program(machine, "python3", PYTHON.format(usable=TOO_OLD, no_pip=0, no_venv=0))
    done = _bootstrap(machine)
    assert done.returncode != 0
    assert done.stderr.startswith("Python 3.11 or newer is needed")
    assert len(done.stderr.splitlines()) == 1


def test_python_without_pip_and_venv_is_one_sentence_with_what_to_install(machine: Path) -> None:
    _program(machine, "python3", PYTHON.format(usable=OPTIMIZED, no_pip=1, no_venv=1))
    done = _bootstrap(machine)
    assert done.returncode != 0
    assert f"None of these has pip or ensurepip: {machine / 'bin' / 'python3'}. Install" in done.stderr
    assert "apt install python3-pip" in done.stderr


def test_packages_that_cannot_be_installed_end_make_with_a_sentence(machine: Path) -> None:
    _program(machine, "uv", "#!/bin/sh\necho 'no route to host' >&2\nexit 2\n")
    done = _bootstrap(machine)
    assert done.returncode != 0
    assert done.stderr.splitlines()[-1].startswith("The packages could not be installed")


def test_make_alone_lists_every_target() -> None:
    done = subprocess.run(
        ["make", "--no-print-directory", "-C", str(ROOT)],
        env={key: value for key, value in os.environ.items() if not key.startswith("MAKE")},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    listed = {line.split()[1] for line in done.stdout.splitlines()}
    assert listed >= {"up", "down", "status", "token", "certs", "test", "lint", "types", "clean", "help"}
