"""The ten steps of the design, walked by a client that knows nothing but the gateway's URL and the user's password."""

import json

import pytest

from tests.support.mcp import WEATHER, bearer, tool_call
from tests.support.recorder import RecordingGateway
from tests.support.stack import Stack

FORECAST = tool_call("get_weather_forecast", location="Berlin", days=2)


def introspections(stack: Stack) -> float:
    """How often the authorizer has asked Keycloak, by its own metrics."""
    lines = [
        line for line in stack.authorizer_metrics().splitlines() if line.startswith("ext_authz_introspections_total")
    ]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


@pytest.mark.covers("K1", "K4", "A1", "A2", "A3", "G2", "G4", "G7", "O2", "O3", "O5", "W1", "T4")
def test_a_client_goes_from_login_to_answer_in_ten_steps(stack: Stack, upstream: RecordingGateway) -> None:
    token = stack.token("openid", "email", "mcp:weather")  # 1, 2: authorization code + PKCE at the real login form
    asked_before = introspections(stack)

    with upstream.client() as client:  # 3: JSON-RPC over TLS with the token
        assert client.post(WEATHER, json=FORECAST, headers=bearer(token)).status_code == 200

    assert introspections(stack) == asked_before + 1  # 4, 5, 6: Envoy asked the authorizer, which asked Keycloak
    [received] = (
        upstream.received
    )  # 7, 8: what Envoy sent on, by mutual TLS, with the identity that Keycloak vouched for
    assert (received.server, received.method, received.target) == ("weather", "POST", "/")
    assert "envoy" in received.client_names
    assert json.loads(received.body) == FORECAST
    assert received.all("x-user-email") == ["testuser@example.com"]
    assert set(received.all("x-user-scopes")[0].split(" ")) >= {"mcp:weather", "email"}
    assert len(received.all("x-user-sub")[0]) == 36
    assert received.all("authorization") == []

    with stack.client() as client:  # 9, 10: the same request, answered by the real server
        answer = client.post(WEATHER, json=FORECAST, headers=bearer(token)).json()
    assert answer["id"] == FORECAST["id"]
    assert answer["result"]["isError"] is False
    assert len(answer["result"]["structuredContent"]["days"]) == 2
