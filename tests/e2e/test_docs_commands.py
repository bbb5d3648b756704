"""The commands in the papers, run as they stand there, with only the place of the gateway put in."""

import re
import subprocess

import pytest

from tests.support.stack import ROOT, Stack

EXPECTED = {
    "docs/change-scopes.md": ["eyJ", 'error="insufficient_scope"', "mcp:calculator:scientific"],
    "docs/another-keycloak.md": ['"keycloak": "ok"'],
    "docs/public-name.md": ['"authorization_servers"'],
    "docs/real-certificates.md": ["envoy", "localhost"],
}


def commands(paper: str) -> str:
    """All shell blocks of a paper, in order; indented blocks and other languages are for reading only."""
    return "\n".join(
        re.findall(r"^```sh\n(.*?)^```", (ROOT / paper).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    )


@pytest.mark.covers("D1")
@pytest.mark.parametrize("paper", EXPECTED)
def test_the_commands_of_a_paper_do_what_it_says(stack: Stack, paper: str) -> None:
    script = commands(paper).replace("https://localhost:8443", stack.url)
    script = script.replace("--cacert certs/ca.crt", f"--cacert {stack.settings.certs_dir / 'ca.crt'}")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=ROOT,
        env=stack.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [word for word in EXPECTED[paper] if word not in done.stdout] == []
