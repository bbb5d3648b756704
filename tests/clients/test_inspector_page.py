"""MCP Inspector's page in a real Chromium: a person types the URL, connects, signs in at Keycloak, calls a tool.

KEEP_SCREENSHOT=docs/images/inspector.png keeps what the page looked like.
"""

import os
import re
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.chromium import chromium, trust
from tests.support.inspector import inspector, inspector_before_version_2
from tests.support.mcp import CALCULATOR, WEATHER
from tests.support.node import Desk, printed
from tests.support.stack import ROOT

ORIGIN = "http://localhost:6274"
LOGGED_DEADLINE_S = 20  # Envoy writes its log every ten seconds
SCREENSHOT_AT_MOST = 200_000
FORECAST_CONSENT = "See weather forecasts and the UV index"
ALERTS_CONSENT = "See weather alerts"
FURTHER = "(Needs a token with the further scope: mcp:weather:alerts)"


def shown(desk: Desk, script: str, *arguments: str) -> Any:
    """What the pages showed to the person that the script plays."""
    trust(desk.home, desk.stack.settings.certs_dir / "ca.crt")
    at_the_screen = Desk(desk.node, desk.stack, desk.home, {"CHROMIUM": chromium()})
    return printed(at_the_screen.run(script, *arguments, deadline_s=150))


@pytest.mark.covers("R1", "R2", "R3", "R9", "O11", "O13", "O14", "M1", "M2", "M7", "M8")
@pytest.mark.parametrize(("era", "badge"), [("legacy", "LEGACY"), ("auto", "MODERN")])
def test_a_person_signs_in_calls_a_tool_and_is_asked_once_more_for_a_further_scope(
    desk: Desk, era: str, badge: str
) -> None:
    picture = desk.home / "inspector.png"
    with inspector(desk) as page:
        said = shown(desk, "inspector.mjs", page, desk.stack.url + WEATHER, era, str(picture))
    assert FORECAST_CONSENT in said["connected"]["granted"]
    assert ALERTS_CONSENT not in said["connected"]["granted"]
    assert "mcp-weather" in said["connected"]["text"]
    assert badge in said["connected"]["text"]
    assert [name.split()[-1] for name in said["called"]["tools"]] == [
        "get_weather_forecast",
        "get_weather_alerts",
        "get_uv_index",
    ]
    assert '"name": "Berlin"' in said["called"]["result"]
    further = said["steppedUp"]
    assert FURTHER in further["before"]
    assert re.search(r"mcp:weather\s+ALREADY GRANTED", further["asked"])
    assert re.search(r"mcp:weather:alerts\s+NEW", further["asked"])
    assert ALERTS_CONSENT in further["granted"]
    assert FURTHER not in further["after"]
    assert '"area": "Berlin"' in further["result"]
    keep(picture)


@pytest.mark.covers("R7", "S16", "R1", "R2", "O13", "O14")
def test_past_its_proxy_the_browser_itself_may_make_every_request(desk: Desk) -> None:
    """The Inspector before version 2 has this mode; a client that is a page has no other. Envoy logs the preflights."""
    logged = len(desk.stack.log("envoy"))
    with inspector_before_version_2(desk) as page:
        said = shown(desk, "inspector_direct.mjs", page, desk.stack.url + CALCULATOR, "Direct")
    assert re.search(r"Tool Result: Success.*result:\s*3\s", said["called"]["result"], re.DOTALL)
    made = [(one["method"], one["path"], one["status"]) for one in said["made"]]
    assert ("POST", CALCULATOR, 401) in made
    served = [one for one in said["made"] if (one["path"], one["status"]) == (CALCULATOR, 200)]
    assert {one["headers"]["origin"] for one in served} == {ORIGIN}
    assert said["refusal"]["status"] == 401
    assert "resource_metadata=" in said["refusal"]["challenge"]
    for path in (
        CALCULATOR,
        f"/.well-known/oauth-protected-resource{CALCULATOR}",
        "/.well-known/oauth-authorization-server/realms/mcp-gateway",
        "/realms/mcp-gateway/clients-registrations/openid-connect",
    ):
        await_logged(desk, f'"method":"OPTIONS".*"path":"{re.escape(path)}".*"status":200', after=logged)


@pytest.mark.covers("R9", "O13", "O14")
def test_by_its_proxy_the_older_inspector_works_as_well(desk: Desk) -> None:
    with inspector_before_version_2(desk) as page:
        said = shown(desk, "inspector_direct.mjs", page, desk.stack.url + CALCULATOR, "Via Proxy")
    assert re.search(r"Tool Result: Success.*result:\s*3\s", said["called"]["result"], re.DOTALL)
    assert CALCULATOR not in {one["path"] for one in said["made"]}


def await_logged(desk: Desk, pattern: str, *, after: int) -> None:
    deadline = time.monotonic() + LOGGED_DEADLINE_S
    while not re.search(pattern, desk.stack.log("envoy")[after:]):
        assert time.monotonic() < deadline, f"Envoy logged nothing like {pattern}"
        time.sleep(0.2)  # between two looks


def keep(picture: Path) -> None:
    size = picture.stat().st_size
    assert 20_000 < size < SCREENSHOT_AT_MOST, f"the screenshot has {size} bytes"
    if kept := os.environ.get("KEEP_SCREENSHOT"):
        shutil.copy(picture, ROOT / kept)
