"""S14: a scope is held or it is not; and a tool is listed under its exact name or it is not."""

import json

import pytest

from tests.attacks.classes import S14
from tests.attacks.http1 import answer_of, exchange, request
from tests.attacks.registry import Attack
from tests.attacks.scripted import TOKEN, ScriptedGateway

ALERTS = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_weather_alerts","arguments":{}}}'
LOOK_ALIKES = {
    "one letter less": "mcp:weather mcp:weather:alert",
    "one letter more": "mcp:weather mcp:weather:alertss",
    "capitals": "mcp:weather MCP:WEATHER:ALERTS",
    "one capital": "mcp:weather mcp:weather:Alerts",
    "something before it": "mcp:weather xmcp:weather:alerts",
    "colon at the end": "mcp:weather mcp:weather:alerts:",
    "a longer one": "mcp:weather mcp:weather:alerts:read",
    "star": "mcp:weather mcp:weather:*",
    "star for all": "*",
    "star after mcp": "mcp:*",
    "joined with a comma": "mcp:weather,mcp:weather:alerts",
    "joined with a semicolon": "mcp:weather;mcp:weather:alerts",
    "joined with a plus": "mcp:weather+mcp:weather:alerts",
    "slash for colon": "mcp:weather mcp/weather/alerts",
    "dot for colon": "mcp:weather mcp.weather.alerts",
    "percent-encoded": "mcp:weather mcp%3Aweather%3Aalerts",
    "of the other server": "mcp:weather mcp:calculator:scientific",
    "without the server's own": "mcp:weather:alerts",
    "none": "",
}
NO_SCOPES = {
    "tab between": "mcp:weather\tmcp:weather:alerts",
    "line break between": "mcp:weather\nmcp:weather:alerts",
    "no-break space between": "mcp:weather\u00a0mcp:weather:alerts",
    "NUL at the end": "mcp:weather mcp:weather:alerts\x00",
    "in quotes": 'mcp:weather "mcp:weather:alerts"',
    "backslash": "mcp:weather mcp:weather\\:alerts",
    "Cyrillic a": "mcp:weather mcp:weather:\u0430lerts",
    "zero-width space": "mcp:weather mcp:weather:alerts\u200b",
}
TOOLS = {
    "tool in capitals": "GET_WEATHER_ALERTS",
    "tool with a space": "get_weather_alerts ",
    "tool with a NUL": "get_weather_alerts\x00",
    "tool with a line break": "get_weather_alerts\n",
    "tool with a Cyrillic a": "get_we\u0430ther_alerts",
    "tool with a soft hyphen": "get_weather_al\u00aderts",
    "tool of the other server": "power",
    "tool with a path": "../get_weather_alerts",
    "tool without a name": "",
}


@pytest.mark.covers("S14", "R3")
@S14.each(S14.alike({f"scope: {name}": scope for name, scope in LOOK_ALIKES.items()}, 403))
def test_a_scope_that_looks_alike_is_another(gateway: ScriptedGateway, attack: Attack) -> None:
    token = gateway.token_for(scope=attack.input)
    [refused] = exchange(gateway.door, request("/mcp/weather", token=token, body=ALERTS))
    gateway.held(attack, refused.status)
    assert 'error="insufficient_scope"' in refused.headers["www-authenticate"]


@pytest.mark.covers("S14", "S15")
@S14.each(S14.alike({f"scope: {name}": scope for name, scope in NO_SCOPES.items()}, 503))
def test_what_is_no_scope_makes_the_answer_unreadable(gateway: ScriptedGateway, attack: Attack) -> None:
    """RFC 6749 section 3.3: printable ASCII without quotes and backslashes. Keycloak sends no other."""
    token = gateway.token_for(scope=attack.input)
    gateway.held(attack, answer_of(exchange(gateway.door, request("/mcp/weather", token=token, body=ALERTS))))


@pytest.mark.covers("S14", "A4")
@S14.add(TOOLS, 403)
def test_a_tool_that_looks_alike_is_not_listed(gateway: ScriptedGateway, attack: Attack) -> None:
    params = {"name": attack.input, "arguments": {}}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()
    gateway.held(attack, answer_of(exchange(gateway.door, request("/mcp/weather", token=TOKEN, body=body))))


@pytest.mark.covers("S14", "S12")
@S14.add(
    {
        "tool's name in escapes": ALERTS.replace(b"alerts", rb"\u0061lerts"),
        "tool's name all in escapes": ALERTS.replace(
            b"get_weather_alerts", b"".join(b"\\u%04x" % letter for letter in b"get_weather_alerts")
        ),
        "members in another order": b'{"params":{"name":"get_weather_alerts"},"method":"tools/call","jsonrpc":"2.0"}',
        "as a notification": ALERTS.replace(b'"id":1,', b""),
    },
    403,
)
def test_a_tool_needs_its_scope_however_it_is_written(gateway: ScriptedGateway, attack: Attack) -> None:
    token = gateway.token_for(scope="mcp:weather")
    gateway.held(attack, answer_of(exchange(gateway.door, request("/mcp/weather", token=token, body=attack.input))))
