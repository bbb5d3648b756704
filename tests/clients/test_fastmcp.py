"""fastmcp's client as a program of its own: it opens a browser, and listens for the callback on loopback."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support import sign_in_headless
from tests.support.mcp import CALCULATOR, WEATHER
from tests.support.own_servers import examples_python
from tests.support.stack import ROOT, Stack

PROGRAM = Path(__file__).with_name("fastmcp_client.py")
INSTALL_S = 600  # on a new machine its environment is made first


def run(stack: Stack, path: str, *calls: str) -> list[Any]:
    """What the program prints, line by line. Its browser is started as Python's `webbrowser` starts any (`… %s &`)."""
    ca = str(stack.settings.certs_dir / "ca.crt")
    browser = shlex.join([sys.executable, str(sign_in_headless.__file__), "URL", "--ca", ca]).replace("URL", "%s")
    done = subprocess.run(
        [str(examples_python()), str(PROGRAM), stack.url + path, ca, *calls],
        env={**os.environ, "BROWSER": f"{browser} &", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.timeout(INSTALL_S)
@pytest.mark.covers("R1", "R2", "R3", "R9", "O11", "O13")
def test_it_lists_calls_is_told_of_an_error_and_steps_up_at_the_calculator(stack: Stack) -> None:
    calls = ("add", '{"a": 1, "b": 2}', "divide", '{"a": 1, "b": 0}', "power", '{"base": 2, "exponent": 10}')
    listed, add, divide, power = run(stack, CALCULATOR, *calls)
    assert {"add", "power"} <= set(listed)
    assert (add["is_error"], add["structured"]["result"]) == (False, 3)
    assert divide["is_error"]
    assert (power["is_error"], power["structured"]["result"]) == (False, 1024)


@pytest.mark.timeout(INSTALL_S)
@pytest.mark.covers("R1", "R2", "R3", "R9", "O11", "O13")
def test_it_lists_calls_and_steps_up_at_the_weather_server(stack: Stack) -> None:
    where = '{"location": "Berlin"}'
    listed, forecast, alerts = run(stack, WEATHER, "get_weather_forecast", where, "get_weather_alerts", where)
    assert {"get_weather_forecast", "get_weather_alerts"} <= set(listed)
    assert forecast["structured"]["place"]["name"] == "Berlin"
    assert not alerts["is_error"]
