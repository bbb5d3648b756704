"""What takes long to load is loaded only by the command that needs it."""

import subprocess
import sys

import pytest
from gateway.__main__ import OTHERS, RUN_THE_GATEWAY, build
from typer.main import get_command


def _loaded(script: str, *modules: str) -> str:
    shown = f"print(sorted({set(modules)} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, gateway.__main__; {script}; {shown}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.strip()


def test_no_command_loads_the_sdk_before_it_speaks_mcp() -> None:
    assert _loaded("gateway.__main__.build()", "mcp", "httpx2", "typer") == "['typer']"


@pytest.mark.parametrize("name", sorted(RUN_THE_GATEWAY))
def test_what_starts_and_stops_the_gateway_loads_nothing_of_the_other_commands(name: str) -> None:
    others = ("httpx", "bs4", "cryptography", "gateway.client.commands", "gateway.doctor.command")
    assert _loaded(f"gateway.__main__.build({name!r})", *others, "typer") == "['typer']"


@pytest.mark.parametrize("name", [*OTHERS, *sorted(RUN_THE_GATEWAY)])
def test_a_command_that_is_asked_for_is_there_as_among_all(name: str) -> None:
    alone, all_of_them = (get_command(app).commands for app in (build(name), build()))  # type: ignore[attr-defined]
    assert set(all_of_them) == {*OTHERS, *RUN_THE_GATEWAY}
    assert set(alone) < set(all_of_them)
    assert type(alone[name]) is type(all_of_them[name])
    assert [option.name for option in alone[name].params] == [option.name for option in all_of_them[name].params]


def test_a_start_waits_for_no_library_that_serves_something_else() -> None:
    others = ("httpx", "requests", "jgo", "keycloak", "jwcrypto", "mcp", "cryptography", "gateway.runner.stack")
    assert _loaded("import gateway.runner.stack", *others) == "['gateway.runner.stack']"
