"""The example programs, by the commands that docs/clients.md gives: they know a URL, and sign their user in."""

import shlex
import shutil
import subprocess
import sys

import pytest

from tests.support.node import Desk
from tests.support.stack import ROOT

PAGE = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
DEADLINE_S = 120
TOOLS = "tools: add, subtract, multiply, divide, power, sqrt"


def command(program: str) -> list[str]:
    """The words after the program in the page's command."""
    (line,) = (line for line in PAGE.splitlines() if f" examples/{program} https://" in line)
    words = shlex.split(line)
    return words[words.index(f"examples/{program}") + 1 :]


def run(desk: Desk, program: str, *arguments: str) -> list[str]:
    """What the program prints, with this gateway in place of the page's."""
    words = [word.replace("https://localhost:8443", desk.stack.url) for word in arguments]
    words = [str(desk.stack.settings.certs_dir / "ca.crt") if word == "certs/ca.crt" else word for word in words]
    if program.endswith(".mjs"):  # beside its packages, where Node looks for them
        start = desk.node.command(shutil.copy(ROOT / "examples" / program, desk.node.place))
    else:
        start = [sys.executable, str(ROOT / "examples" / program)]
    done = subprocess.run(
        [*start, *words], env=desk.environment, capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )
    browser = desk.home / "browser.log"
    assert done.returncode == 0, done.stderr + (browser.read_text() if browser.exists() else "")
    return done.stdout.splitlines()


@pytest.mark.covers("R1", "R2", "R9")
@pytest.mark.parametrize("program", ["sign_in.py", "sign_in.mjs"])
def test_the_command_of_the_page_signs_in_lists_the_tools_and_calls_one(desk: Desk, program: str) -> None:
    listed, called = run(desk, program, *command(program))
    assert (listed, '"result":3' in called.replace(" ", "")) == (TOOLS, True)


@pytest.mark.covers("R3", "R9")
@pytest.mark.parametrize("program", ["sign_in.py", "sign_in.mjs"])
def test_a_tool_that_needs_more_is_called_after_a_second_sign_in(desk: Desk, program: str) -> None:
    words = command(program)
    words[-2:] = ["sqrt", '{"number": 16}']
    assert '"result":4' in run(desk, program, *words)[-1].replace(" ", "")
