"""The authorizer as a process: it starts with good settings only, decides, tells, and stops in good order."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import grpc
import pytest
from ext_authz.grpc_server import Tls
from ext_authz.xds import AUTHORIZATION_SERVICE

from tests.support.authz import TOKEN, tool_call, until
from tests.support.authz_process import Authorizer, environment, run_to_its_end, running_authorizer
from tests.support.authz_tls import Authority
from tests.support.behaviours import json_answer, silent
from tests.support.envoy_check import EnvoyAnswer, check_request, read_answer
from tests.support.fake_keycloak import FakeKeycloak, active, running_keycloak

FAR_AWAY = 4_102_444_800  # the year 2100: the process has the real clock
HEADERS = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json", "x-request-id": "request-1"}
GOOD = check_request(path="/mcp/weather?access_token=in-the-query", headers=HEADERS, body=tool_call())


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certs"))


@pytest.fixture(scope="module")
def tls(authority: Authority) -> Tls:
    return authority.server_files()


@pytest.fixture
async def keycloak() -> AsyncIterator[FakeKeycloak]:
    async with running_keycloak() as fake:
        fake.behaviour = active(exp=FAR_AWAY)
        yield fake


@pytest.fixture
async def authorizer(tls: Tls, keycloak: FakeKeycloak, tmp_path: Path) -> AsyncIterator[Authorizer]:
    async with running_authorizer(environment(tls, KEYCLOAK_URL=keycloak.url), tmp_path) as authorizer:
        yield authorizer


def entries(authorizer: Authorizer, event: str) -> list[dict[str, object]]:
    return [entry for line in authorizer.log if (entry := json.loads(line))["event"] == event]


def ports(authorizer: Authorizer) -> tuple[int, int]:
    started = entries(authorizer, "started")[0]
    grpc_port, http_port = started["grpc_port"], started["http_port"]
    assert isinstance(grpc_port, int)
    assert isinstance(http_port, int)
    return grpc_port, http_port


async def check(authorizer: Authorizer, authority: Authority, request: bytes = GOOD) -> EnvoyAnswer:
    target = f"localhost:{ports(authorizer)[0]}"
    async with grpc.aio.secure_channel(target, authority.client("envoy")) as channel:
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(f"/{AUTHORIZATION_SERVICE}/Check")
        return read_answer(await call(request, timeout=30))


@pytest.mark.covers("A1", "A2", "A3", "K4")
async def test_a_request_goes_all_the_way_from_bytes_to_keycloak_and_back(
    authorizer: Authorizer, authority: Authority, keycloak: FakeKeycloak
) -> None:
    answer = await check(authorizer, authority)
    assert answer.allowed
    assert answer.headers["x-user-email"] == "user@example.org"
    assert keycloak.forms[0]["token"] == TOKEN


@pytest.mark.covers("F6", "F11")
async def test_an_outage_in_the_middle_is_503_and_heals(
    authorizer: Authorizer, authority: Authority, keycloak: FakeKeycloak
) -> None:
    keycloak.behaviour = json_answer({"error": "down"})
    assert (await check(authorizer, authority)).status == 503
    keycloak.behaviour = active(exp=FAR_AWAY)
    assert (await check(authorizer, authority)).allowed


@pytest.mark.covers("S3", "S19")
async def test_each_decision_is_one_json_line_without_token_query_or_e_mail(
    authorizer: Authorizer, authority: Authority
) -> None:
    await check(authorizer, authority)
    denied = HEADERS | {"x-request-id": 'two\n{"event":"forged"}'}
    await check(authorizer, authority, check_request(headers=denied, body=tool_call("get\nweather\u2028")))
    await until(lambda: len(entries(authorizer, "decision")) == 2)
    allow, deny = entries(authorizer, "decision")
    assert allow.pop("ms")
    assert allow.pop("time")
    assert allow == {
        "event": "decision",
        "level": "info",
        "service": "ext-authz",
        "method": "POST",
        "path": "/mcp/weather",
        "resource": "weather",
        "tool": "get_uv_index",
        "subject": "user-1",
        "verdict": "allow",
        "reason": "allowed",
        "status": 200,
        "request_id": "request-1",
    }
    assert (deny["verdict"], deny["reason"], deny["status"]) == ("deny", "tool_unlisted", 403)
    assert (deny["tool"], deny["request_id"]) == ("get\nweather\u2028", denied["x-request-id"])
    text = "".join(authorizer.log)
    assert text.isascii()
    assert not [
        word for word in (TOKEN, "in-the-query", "the-secret", "user@example.org", 'forged"}\n') if word in text
    ]


@pytest.mark.covers("R1", "G8")
async def test_discovery_documents_are_served_and_everything_else_is_a_plain_404(authorizer: Authorizer) -> None:
    async with aiohttp.ClientSession(f"http://127.0.0.1:{ports(authorizer)[1]}") as http:
        for typed in ("/mcp/weather", "/mcp/weather/"):
            async with http.get(f"/.well-known/oauth-protected-resource{typed}") as response:
                assert response.status == 200
                assert response.content_type == "application/json"
                assert "max-age" in response.headers["Cache-Control"]
                assert (await response.json())["resource"] == "https://gateway.example/mcp/weather"
        for path in (
            "/.well-known/oauth-protected-resource",
            "/.well-known/oauth-protected-resource/",
            "/.well-known/oauth-protected-resource/mcp/weather//",
            "/.well-known/oauth-protected-resource/mcp/other",
            "/.well-known/oauth-authorization-server",
            "/.well-known/openid-configuration",
            "/",
        ):
            async with http.get(path, allow_redirects=False) as response:
                assert response.status == 404, path


@pytest.mark.covers("G8")
async def test_health_names_what_is_down_and_metrics_count_decisions(
    authorizer: Authorizer, authority: Authority
) -> None:
    await check(authorizer, authority)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{ports(authorizer)[1]}") as http:
        async with http.get("/health") as response:
            assert response.status == 503
            body = await response.json()
        async with http.get("/metrics") as response:
            text = await response.text()
    assert list(body.pop("certificates")) == ["authorizer"]
    assert body == {
        "status": "unavailable",
        "down": ["envoy", "mcp-calculator", "mcp-weather"],
        "components": {
            "authorizer": "ok",
            "certificates": "expiring",  # the test's CA is good for a day
            "envoy": "down",
            "keycloak": "ok",
            "mcp-calculator": "down",
            "mcp-weather": "down",
            "policy": "ok",
        },
    }
    assert 'ext_authz_decisions_total{reason="allowed",resource="weather"} 1.0' in text
    assert 'ext_authz_introspections_total{outcome="active"} 1.0' in text
    assert 'ext_authz_cache_total{result="miss"} 1.0' in text
    assert "ext_authz_decision_seconds_bucket" in text
    assert 'ext_authz_certificate_expiry_timestamp_seconds{certificate="own"} 1.' in text


@pytest.mark.covers("F5")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_stop_lets_what_is_in_flight_end_and_exits_0(
    authorizer: Authorizer, authority: Authority, keycloak: FakeKeycloak, number: signal.Signals
) -> None:
    go_on = asyncio.Event()
    answering = active(exp=FAR_AWAY)

    async def waiting(request: aiohttp.web.Request) -> aiohttp.web.StreamResponse:
        await go_on.wait()
        return await answering(request)

    keycloak.behaviour = waiting
    checking = asyncio.create_task(check(authorizer, authority))
    await until(lambda: len(keycloak.forms) == 1)
    authorizer.process.send_signal(number)
    await until(lambda: bool(entries(authorizer, "stopping")))
    go_on.set()
    assert (await checking).allowed
    async with asyncio.timeout(10):
        assert await authorizer.process.wait() == 0
    assert authorizer.stderr == []


@pytest.mark.covers("F5", "F7")
async def test_a_stop_does_not_wait_for_ever_for_a_silent_keycloak(
    authorizer: Authorizer, authority: Authority, keycloak: FakeKeycloak
) -> None:
    keycloak.behaviour = silent()
    checking = asyncio.create_task(check(authorizer, authority))
    await until(lambda: len(keycloak.forms) == 1)
    authorizer.process.terminate()
    async with asyncio.timeout(10):
        assert await authorizer.process.wait() == 0
    assert (await checking).status == 503


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"PUBLIC_URL": "http://localhost"}, "PUBLIC_URL"),
        ({"TLS_CERT_FILE": "/nowhere/cert.pem"}, "TLS_CERT_FILE"),
        ({"GRPC_LISTEN": "50051"}, "GRPC_LISTEN"),
        ({"ENVIRONMENT": "production", "KEYCLOAK_CLIENT_SECRET": None}, "KEYCLOAK_CLIENT_SECRET"),
        ({"POLICY_FILE": "/nowhere/policy.yaml"}, "POLICY_FILE"),
    ],
    ids=str,
)
async def test_a_bad_setting_ends_the_start_with_2_and_one_line(
    tls: Tls, tmp_path: Path, changes: dict[str, str | None], says: str
) -> None:
    ended = await run_to_its_end(environment(tls, **changes), tmp_path)
    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr.count("\n") == 1
    assert says in ended.stderr


async def test_a_bad_policy_ends_the_start_with_2_and_its_line(tls: Tls, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("resources:\n  a:\n    path: /a\n    scopes: none\n    tools: {}\n")
    ended = await run_to_its_end(environment(tls, POLICY_FILE=str(policy)), tmp_path)
    assert ended.code == 2
    assert ended.stderr == f"ext_authz: {policy}:4: scopes are a list: write [mcp:name], or [] for none\n"


async def test_a_port_in_use_or_a_key_that_does_not_fit_ends_the_start_with_1(
    authority: Authority, authorizer: Authorizer, tls: Tls, tmp_path: Path
) -> None:
    grpc_port, http_port = ports(authorizer)
    other = authority.server_files("other")
    for changes in (
        {"GRPC_LISTEN": f"127.0.0.1:{grpc_port}"},
        {"HTTP_LISTEN": f"127.0.0.1:{http_port}"},
        {"TLS_KEY_FILE": str(other.key)},
    ):
        ended = await run_to_its_end(environment(tls, **changes), tmp_path)
        assert ended.code == 1
        assert "Traceback" not in ended.stderr
        assert f"ext_authz: cannot start: {next(iter(changes))}" in ended.stderr
