"""A container that is restarted comes back, and the gateway with it (F14, F21, D4)."""

import time

import httpx
import pytest

from tests.support.compose import SERVICES, compose
from tests.support.discovery import SIGN_IN
from tests.support.mcp import CALCULATOR, bearer, tool_call
from tests.support.stack import Stack

DEADLINE_S = 240  # Keycloak takes 15 s, or minutes on a machine that does other things as well


@pytest.mark.timeout(400)
@pytest.mark.covers("F12", "F14", "F21", "D4")
@pytest.mark.parametrize("service", SERVICES)
def test_a_restarted_container_heals_the_gateway(stack: Stack, service: str) -> None:
    compose("restart", service)
    deadline = time.monotonic() + DEADLINE_S
    for path in ("/health", SIGN_IN):
        while (status := answer(stack, path)) != 200:
            assert time.monotonic() < deadline, f"{path} still answers {status}"
    with stack.client(headers=bearer(stack.token())) as client:
        assert client.post(CALCULATOR, json=tool_call("add", a=1, b=2)).status_code == 200


def answer(stack: Stack, path: str) -> int:
    """Its status, or 0 where nobody answers; at most one request each tenth of a second."""
    time.sleep(0.1)
    with stack.client() as client:
        try:
            return client.get(path).status_code
        except httpx.TransportError:
            return 0
