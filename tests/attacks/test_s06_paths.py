"""S6: a path means one thing, and what is authorized is what is served."""

import pytest

from tests.attacks.classes import S6
from tests.attacks.http1 import answer_of, exchange, request
from tests.attacks.http2 import post, respond
from tests.attacks.registry import Attack
from tests.attacks.scripted import ScriptedGateway

# Each is sent with a token for the weather server alone: whatever reaches the calculator got there by a trick.
TO_THE_CALCULATOR = {
    "dots from the other server": "/mcp/weather/../calculator",
    "encoded dots from the other server": "/mcp/weather/%2e%2e/calculator",
    "half-encoded dots": "/mcp/weather/.%2E/calculator",
    "dots from an open route": "/health/../mcp/calculator",
    "dots from discovery": "/.well-known/../mcp/calculator",
    "dots from the realm": "/realms/mcp-gateway/.well-known/../../../mcp/calculator",
    "dots from the assets": "/resources/../mcp/calculator",
    "encoded dots from the assets": "/resources/%2e%2e/mcp/calculator",
    "doubled slashes": "//mcp//calculator",
    "many slashes": "/////mcp////calculator////",
    "dot segments": "/./mcp/./calculator/.",
    "above the root": "/../../mcp/calculator",
    "dots with a parameter": "/mcp/weather/..;/calculator",
    "letters encoded": "/mcp/%63alculator",
    "query that looks like the other server": "/mcp/calculator?/mcp/weather",
    "absolute-form": "https://localhost/mcp/calculator",
    "absolute-form, another authority": "https://evil.example/mcp/calculator",
    "absolute-form, another scheme": "http://localhost/mcp/calculator",
}
REFUSED = {
    "encoded slash": "/mcp%2fcalculator",
    "encoded slash in capitals": "/mcp/weather%2F..%2Fcalculator",
    "encoded backslash": "/mcp/weather%5c..%5ccalculator",
    "NUL": "/mcp/calculator%00/x",
    "backslash as a start": "\\mcp\\calculator",
    "no slash at the start": "mcp/calculator",
    "fragment": "/mcp/weather#/mcp/calculator",
    "control byte": "/mcp/calcu\x01lator",
}
NOWHERE = {
    "capitals": "/MCP/CALCULATOR",
    "one capital": "/mcp/Calculator",
    "look-alike prefix": "/mcp/calculatorx",
    "dash after the name": "/mcp/calculator-admin",
    "dot after the name": "/mcp/calculator.json",
    "parameter on the name": "/mcp/calculator;x=1",
    "parameter on the folder": "/mcp;x/calculator",
    "space after the name": "/mcp/calculator%20",
    "encoded question mark": "/mcp/calculator%3fx",
    "encoded twice": "/mcp/%2563alculator",
    "slash encoded twice": "/mcp%252fcalculator",
    "full-width letters": "/mcp/%ef%bd%83alculator",
    "overlong UTF-8 slash": "/mcp%c0%afcalculator",
    "half-width dots": "/mcp/weather%ef%bc%8e%ef%bc%8e/calculator/x",
    "administration by dots": "/realms/mcp-gateway/../../admin/master/console/",
    "administration by dots from the assets": "/resources/../admin/master/console/",
    "introspection by a parameter": "/realms/mcp-gateway/protocol/openid-connect/token/introspect;x",
    "introspection by dots": "/realms/mcp-gateway/protocol/openid-connect/token/x/../introspect",
    "metrics by dots": "/health/../metrics",
    "metrics by a slash": "/health/metrics",
    "registration of another provider": "/realms/mcp-gateway/clients-registrations/default",
    "another realm's metadata": "/.well-known/openid-configuration/realms/master",
    "the back-channel logout": "/backchannel-logout",
}


@pytest.mark.covers("S6", "R5")
@S6.add(TO_THE_CALCULATOR, 401)
def test_a_token_for_another_server_opens_none_by_another_spelling(gateway: ScriptedGateway, attack: Attack) -> None:
    gateway.held(attack, answer_of(exchange(gateway.door, request(attack.input, token=weather_only(gateway)))))


@pytest.mark.covers("S6")
@S6.add(REFUSED, 400)
def test_what_has_no_single_reading_is_refused(gateway: ScriptedGateway, attack: Attack) -> None:
    gateway.held(attack, answer_of(exchange(gateway.door, request(attack.input, token=weather_only(gateway)))))
    assert gateway.at_keycloak == []


@pytest.mark.covers("S6", "G8")
@S6.add(NOWHERE, 404)
def test_what_is_not_a_route_is_nowhere(gateway: ScriptedGateway, attack: Attack) -> None:
    gateway.held(attack, answer_of(exchange(gateway.door, request(attack.input, token=weather_only(gateway)))))
    assert gateway.at_keycloak == []


@pytest.mark.covers("S6")
@S6.add(
    {
        "dots encoded twice, after the name": "/mcp/weather/%252e%252e/calculator",
        "a query with another path": "/mcp/weather?../calculator",
    },
    200,
    reaches="the weather server, which the token is for",
)
def test_what_is_left_in_the_path_goes_to_the_server_that_was_authorized(
    gateway: ScriptedGateway, attack: Attack
) -> None:
    gateway.held(attack, answer_of(exchange(gateway.door, request(attack.input, token=weather_only(gateway)))))
    assert {received.server for received in gateway.received} == {"weather"}


@pytest.mark.covers("S6", "S11")
@S6.add(
    {
        "assets, dots with a parameter": "/resources/..;/admin/master/console/",
        "assets, dots encoded twice": "/resources/%252e%252e/admin/",
        "assets, a percent sign": "/resources/%25",
        "assets, a parameter": "/resources/abc;x/login/style.css",
    },
    404,
)
def test_assets_are_no_stepping_stone_into_keycloak(gateway: ScriptedGateway, attack: Attack) -> None:
    """Java servers drop ``;parameters`` before they resolve dots, which Envoy has then already done."""
    gateway.held(attack, answer_of(exchange(gateway.door, request(attack.input, method=b"GET", body=b""))))
    assert gateway.at_keycloak == []


@pytest.mark.covers("S6")
@S6.add(
    {"HTTP/2, dots": "/mcp/weather/../calculator", "HTTP/2, doubled slashes": "//mcp//calculator"},
    401,
)
def test_http2_paths_are_read_alike(gateway: ScriptedGateway, attack: Attack) -> None:
    gateway.held(attack, respond(gateway.door, post(weather_only(gateway), path=attack.input)))


@pytest.mark.covers("S6")
@S6.add(
    {
        "HTTP/2, a space": "/mcp/weather /mcp/calculator",
        "HTTP/2, a line break": "/mcp/weather\r\nX: y",
        "HTTP/2, no slash": "mcp/calculator",
        "HTTP/2, a fragment": "/mcp/weather#/mcp/calculator",
        "HTTP/2, empty": "",
    },
    "closed",
    but_400={"HTTP/2, a fragment"},
)
def test_http2_paths_that_are_none_are_refused(gateway: ScriptedGateway, attack: Attack) -> None:
    fields = [(name, attack.input) if name == ":path" else (name, value) for name, value in post(weather_only(gateway))]
    gateway.held(attack, respond(gateway.door, fields))


def weather_only(gateway: ScriptedGateway) -> str:
    return gateway.token_for(
        scope="mcp:weather", aud=["api-gateway", f"{gateway.recording.settings.origin}/mcp/weather"]
    )
