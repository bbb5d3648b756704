"""`add` and `remove` where no gateway runs: what they write, show, ask and refuse."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.own_servers import contents, own_home

ADD = ("add", "notes", "http://127.0.0.1:9/mcp", "--tool", "read", "--tool", "write=mcp:notes:write")
YES = (*ADD, "--yes")


class Checkout:
    """A checkout of one's own, and the command in it."""

    def __init__(self, folder: Path) -> None:
        self.home = own_home(folder)
        gone = {"POLICY_FILE", "STATE_DIR", "CERTS_DIR", "PUBLIC_URL"}
        self.environment = {name: value for name, value in os.environ.items() if name not in gone}
        self.environment |= {"MCP_GATEWAY_HOME": str(self.home)}

    def run(self, *arguments: str, stdin: int = subprocess.DEVNULL) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "gateway", *arguments]
        return subprocess.run(
            command, env=self.environment, stdin=stdin, capture_output=True, text=True, timeout=120, check=False
        )

    def answer(self, word: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs it at a terminal on which somebody has typed `word`."""
        ours, theirs = pty.openpty()
        try:
            os.write(ours, f"{word}\n".encode())
            return self.run(*arguments, stdin=theirs)
        finally:
            os.close(ours)
            os.close(theirs)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "home")


def test_what_is_added_stands_in_all_three_files_and_can_be_taken_back(checkout: Checkout) -> None:
    before = contents(checkout.home)
    done = checkout.run(*YES)
    assert done.returncode == 0, done.stderr
    assert "docker compose" in done.stdout, "how a gateway elsewhere takes it up"
    policy = yaml.safe_load((checkout.home / "ext-authz" / "policy.yaml").read_text())
    assert policy["resources"]["notes"]["tools"] == {"read": [], "write": ["mcp:notes:write"]}
    assert checkout.run("remove", "notes", "--yes").returncode == 0
    assert contents(checkout.home) == before


def test_a_dry_run_shows_the_difference_and_writes_nothing(checkout: Checkout) -> None:
    before = contents(checkout.home)
    done = checkout.run(*ADD, "--dry-run")
    assert (done.returncode, "+  notes:" in done.stdout) == (0, True)
    assert "Nothing was changed" in done.stdout
    assert contents(checkout.home) == before


@pytest.mark.parametrize(("word", "is_written"), [("y", True), ("n", False), ("", False)])
def test_at_a_terminal_it_asks_first(checkout: Checkout, word: str, is_written: bool) -> None:
    before = contents(checkout.home)
    done = checkout.answer(word, *ADD)
    assert done.returncode in (0, 1), done.stderr
    assert (contents(checkout.home) != before) is is_written


def test_where_nobody_can_be_asked_nothing_is_changed(checkout: Checkout) -> None:
    before = contents(checkout.home)
    done = checkout.run(*ADD)
    assert (done.returncode, "+  notes:" in done.stdout) == (2, True)
    assert "pass --yes (or --dry-run)" in done.stderr
    assert contents(checkout.home) == before
    assert checkout.run(*YES).returncode == 0
    added = contents(checkout.home)
    assert checkout.run("remove", "notes").returncode == 2
    assert contents(checkout.home) == added


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("add", "Notes", "http://a"), 2, "cannot be a name"),
        (("add", "notes", "ftp://a"), 2, "is not the URL"),
        (("add", "weather", "http://a"), 1, "is there already"),
        (("add", "notes", "http://127.0.0.1:9"), 1, "use --tool"),
        (("add", "notes", "http://a", "--scope", "mcp:weather"), 1, "opens 'weather'"),
        (("add", "notes", "http://a", "--mtls"), 2, "--mtls needs"),
        (("remove", "notes"), 1, "there is no 'notes'"),
        (("remove", "weather"), 1, "others use"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_done_is_one_sentence_and_changes_nothing(
    checkout: Checkout, arguments: tuple[str, ...], code: int, says: str
) -> None:
    before = contents(checkout.home)
    done = checkout.run(*arguments)
    assert done.returncode == code
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert contents(checkout.home) == before


def test_what_would_not_be_accepted_is_not_written(checkout: Checkout) -> None:
    """A mistake that stood in Envoy's configuration before: it is found now, and named."""
    envoy = checkout.home / "envoy" / "envoy.yaml"
    envoy.write_text(envoy.read_text().replace("normalize_path: true", "normalise_path: true"))
    before = contents(checkout.home)
    done = checkout.run(*YES)
    assert (done.returncode, "normalise_path" in done.stderr) == (1, True)
    assert contents(checkout.home) == before


def test_files_edited_by_hand_are_checked_by_apply(checkout: Checkout) -> None:
    assert "No gateway runs here" in checkout.run("apply").stdout
    policy = checkout.home / "ext-authz" / "policy.yaml"
    policy.write_text(policy.read_text() + "  notes: {path: /mcp/notes, scopes: [mcp:notes], tools: {}}\n")
    done = checkout.run("apply")
    assert (done.returncode, "envoy.yaml's route for it is at no path" in done.stderr) == (1, True)
