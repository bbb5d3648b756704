"""A gateway in front of a Keycloak that it does not run: the one of the other stack."""

import json
from pathlib import Path

import httpx
import pytest

from tests.support.mcp import CALCULATOR, bearer, tool_call
from tests.support.stack import Stack, running_stack


@pytest.mark.native("the second gateway runs natively, and needs the first one's Keycloak on loopback")
@pytest.mark.covers("O12", "A2")
def test_a_gateway_serves_with_the_keycloak_of_another(stack: Stack, tmp_path: Path) -> None:
    """Both have one public name, as two replicas would, so the realm fits both as it is."""
    keycloak = f"http://127.0.0.1:{stack.settings.keycloak_port}"
    with running_stack(tmp_path, KEYCLOAK_URL=keycloak, PUBLIC_URL=stack.url) as second:
        status = json.loads(second.cli("status", "--json").stdout)
        assert "keycloak" not in {component["name"] for component in status["components"]}
        door = f"https://localhost:{second.settings.https_port}"
        with httpx.Client(base_url=door, verify=second.ca) as client:
            answer = client.post(CALCULATOR, json=tool_call("add", a=1, b=2), headers=bearer(stack.token()))
            login = client.get("/realms/mcp-gateway/.well-known/openid-configuration").json()
            refused = client.post(CALCULATOR, json=tool_call("add", a=1, b=2), headers=bearer("made-up"))
    assert answer.json()["result"]["structuredContent"]["decimal"] == "3"
    assert login["issuer"] == f"{stack.url}/realms/mcp-gateway"
    assert refused.status_code == 401
