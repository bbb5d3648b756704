"""A running authorizer whose policy file changes: decisions, discovery, health and metrics follow, tokens stay."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import grpc
import pytest
from ext_authz.xds import AUTHORIZATION_SERVICE

from tests.support.authz import POLICY_FILE, TOKEN, tool_call
from tests.support.authz_process import Authorizer, environment, running_authorizer
from tests.support.authz_tls import Authority
from tests.support.envoy_check import EnvoyAnswer, check_request, read_answer
from tests.support.fake_keycloak import FakeKeycloak, active, running_keycloak

FAR_AWAY = 4_102_444_800  # the year 2100: the process has the real clock
HEADERS = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
CHECK = f"/{AUTHORIZATION_SERVICE}/Check"
METADATA = "/.well-known/oauth-protected-resource/mcp/"


class Running:
    """An authorizer with a policy file of its own."""

    def __init__(self, authorizer: Authorizer, authority: Authority, policy: Path) -> None:
        started = next(json.loads(line) for line in authorizer.log if '"started"' in line)
        self.http = f"http://127.0.0.1:{started['http_port']}"
        self.policy = policy
        self._target = f"localhost:{started['grpc_port']}"
        self._authority = authority

    async def call(self, tool: str) -> EnvoyAnswer:
        request = check_request(headers=HEADERS, body=tool_call(tool))
        async with grpc.aio.secure_channel(self._target, self._authority.client("envoy")) as channel:
            check: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
                f"/{AUTHORIZATION_SERVICE}/Check"
            )
            return read_answer(await check(request, timeout=30))

    async def get(self, path: str) -> tuple[int, str]:
        async with aiohttp.ClientSession() as http, http.get(self.http + path) as response:
            return response.status, await response.text()

    async def until(self, path: str, says: str, status: int | None = None) -> None:
        async with asyncio.timeout(20):
            while True:
                answered, text = await self.get(path)
                if says in text and status in (None, answered):
                    return
                await asyncio.sleep(0.05)


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[tuple[Running, FakeKeycloak]]:
    authority, policy = Authority(tmp_path), tmp_path / "policy.yaml"
    policy.write_bytes(POLICY_FILE.read_bytes())
    async with running_keycloak() as keycloak:
        keycloak.behaviour = active(exp=FAR_AWAY)
        variables = environment(
            authority.server_files(),
            KEYCLOAK_URL=keycloak.url,
            POLICY_FILE=str(policy),
            INTROSPECTION_TTL_SECONDS="300",
        )
        async with running_authorizer(variables, tmp_path) as authorizer:
            yield Running(authorizer, authority, policy), keycloak


async def test_decisions_and_discovery_follow_and_cached_tokens_stay_good(
    running: tuple[Running, FakeKeycloak],
) -> None:
    authorizer, keycloak = running
    assert (await authorizer.call("get_uv_index")).allowed
    asked = len(keycloak.forms)
    text = authorizer.policy.read_text()
    changed = text.replace("get_uv_index: []", "get_uv_index: [mcp:weather:alerts]").replace("/calculator", "/sums")
    fresh = authorizer.policy.with_suffix(".new")
    fresh.write_text(changed)
    fresh.replace(authorizer.policy)
    await authorizer.until(f"{METADATA}sums", "/mcp/sums", 200)
    assert (await authorizer.get(f"{METADATA}calculator"))[0] == 404
    refused = await authorizer.call("get_uv_index")
    assert (refused.status, len(keycloak.forms)) == (403, asked)
    assert 'error="insufficient_scope"' in refused.headers["www-authenticate"]
    assert (await authorizer.call("get_weather_forecast")).allowed
    assert "ext_authz_policy_refused 0.0" in (await authorizer.get("/metrics"))[1]


async def test_a_bad_policy_shows_in_health_and_metrics_and_the_old_one_decides(
    running: tuple[Running, FakeKeycloak],
) -> None:
    authorizer, _ = running
    text = authorizer.policy.read_text()
    authorizer.policy.write_text(text.replace("scopes: [mcp:weather]", "scopes: mcp:weather"))
    await authorizer.until("/health", '"policy": "refused"')
    health = json.loads((await authorizer.get("/health"))[1])
    line = text[: text.index("scopes: [mcp:weather]")].count("\n") + 1
    assert health["policy"] == {"line": line, "text": "scopes are a list: write [mcp:name], or [] for none"}
    assert str(authorizer.policy) not in str(health)
    assert "policy" not in health["down"]
    assert "ext_authz_policy_refused 1.0" in (await authorizer.get("/metrics"))[1]
    assert (await authorizer.call("get_uv_index")).allowed
    authorizer.policy.write_text(text)
    await authorizer.until("/health", '"policy": "ok"')
