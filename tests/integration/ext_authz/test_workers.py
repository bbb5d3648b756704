"""Several processes that are one authorizer: what one of them hears, all of them know."""

import asyncio
import json
import signal
import socket
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import grpc
import psutil
import pytest
import pytest_asyncio
from ext_authz.grpc_server import Tls
from ext_authz.xds import AUTHORIZATION_SERVICE

from tests.support.authz import POLICY_FILE, tool_call, until
from tests.support.authz_process import Authorizer, environment, run_to_its_end, running_authorizer
from tests.support.authz_tls import Authority
from tests.support.behaviours import json_answer
from tests.support.envoy_check import EnvoyAnswer, check_request, read_answer
from tests.support.fake_keycloak import FakeKeycloak, active, running_keycloak
from tests.support.logout import key_set, logout_claims, logout_token, signing_key
from tests.support.ports import free_ports, ports_in_a_row

WORKERS = 2
FAILURES = 4
FAR_AWAY = 4_102_444_800
KEY = signing_key()
pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Pool:
    """A running authorizer of two workers, with a channel to each, as Envoy has one to each."""

    authorizer: Authorizer
    keycloak: FakeKeycloak
    channels: list[grpc.aio.Channel]
    http: aiohttp.ClientSession
    policy: Path

    async def check(self, worker: int, token: str, client: str = "192.0.2.1") -> EnvoyAnswer:
        method = f"/{AUTHORIZATION_SERVICE}/Check"
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = self.channels[worker].unary_unary(method)
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        request = check_request(headers=headers, body=tool_call(), client=client)
        return read_answer(await call(request, timeout=30, wait_for_ready=True))

    async def statuses(self, token: str, client: str = "192.0.2.1") -> list[int]:
        return [(await self.check(worker, token, client)).status for worker in range(WORKERS)]

    def behave(self, session: str = "session-1") -> None:
        self.keycloak.behaviour = active(exp=FAR_AWAY, iat=int(time.time()) - 60, sid=session)
        self.keycloak.forms.clear()

    async def log_out(self, **claims: Any) -> None:
        form = {"logout_token": logout_token(KEY, logout_claims(**claims))}
        async with self.http.post("/backchannel-logout", data=form) as response:
            assert response.status == 200, await response.text()

    async def metrics(self) -> str:
        async with self.http.get("/metrics") as response:
            return await response.text()

    def entries(self, event: str) -> list[dict[str, Any]]:
        return [entry for line in self.authorizer.log if (entry := json.loads(line))["event"] == event]

    def processes(self) -> list[psutil.Process]:
        return psutil.Process(self.authorizer.process.pid).children()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certs"))


@pytest.fixture(scope="module")
def tls(authority: Authority) -> Tls:
    return authority.server_files()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(authority: Authority, tls: Tls, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pool]:
    async with running_pool(authority, tls, tmp_path_factory.mktemp("pool")) as pool:
        yield pool


@pytest.fixture
def pool(shared: Pool) -> Pool:
    """The pool that tests share, with a Keycloak that behaves. Each test has a token and a session of its own."""
    shared.behave()
    return shared


@asynccontextmanager
async def running_pool(authority: Authority, tls: Tls, folder: Path) -> AsyncIterator[Pool]:
    policy = folder / "policy.yaml"
    policy.write_bytes(POLICY_FILE.read_bytes())
    first, http_port = ports_in_a_row(WORKERS), free_ports(1)[0]
    async with AsyncExitStack() as started:
        keycloak = await started.enter_async_context(running_keycloak())
        keycloak.keys = key_set(KEY)
        variables = environment(
            tls,
            KEYCLOAK_URL=keycloak.url,
            EXT_AUTHZ_WORKERS=str(WORKERS),
            GRPC_LISTEN=f"127.0.0.1:{first}",
            HTTP_LISTEN=f"127.0.0.1:{http_port}",
            FAILED_INTROSPECTIONS_PER_MINUTE=str(FAILURES),
            INTROSPECTION_TTL_SECONDS="60",  # so that nothing but a tombstone ends what is cached
            POLICY_FILE=str(policy),
        )
        authorizer = await started.enter_async_context(running_authorizer(variables, folder, '"workers_ready"'))
        channels = [
            await started.enter_async_context(grpc.aio.secure_channel(f"localhost:{port}", authority.client("envoy")))
            for port in range(first, first + WORKERS)
        ]
        http = await started.enter_async_context(aiohttp.ClientSession(f"http://127.0.0.1:{http_port}"))
        pool = Pool(authorizer, keycloak, channels, http, policy)
        pool.behave()
        yield pool


def _held(port: int) -> socket.socket:
    return socket.create_server(("127.0.0.1", port))


@pytest.mark.covers("F20")
async def test_a_cold_token_costs_one_introspection_for_each_worker(pool: Pool) -> None:
    answering = pool.keycloak.behaviour

    async def slowly(request: aiohttp.web.Request) -> aiohttp.web.StreamResponse:
        await asyncio.sleep(0.5)
        return await answering(request)

    pool.keycloak.behaviour = slowly
    answers = await asyncio.gather(*(pool.check(number % WORKERS, "cold") for number in range(500)))
    assert {answer.status for answer in answers} == {200}
    assert len(pool.keycloak.forms) == WORKERS


@pytest.mark.covers("S5")
async def test_a_logout_that_one_worker_was_told_of_ends_the_session_at_all(pool: Pool) -> None:
    pool.behave("ends")
    assert await pool.statuses("ends") == [200, 200]
    await pool.log_out(sid="ends")
    assert await pool.statuses("ends") == [401, 401]
    assert len(pool.keycloak.forms) == WORKERS, "it was the tombstone that refused, not Keycloak"


@pytest.mark.covers("S5", "F1")
async def test_a_worker_that_starts_after_a_logout_knows_of_it(pool: Pool) -> None:
    """Keycloak tells before it commits: what it says to a fresh worker may be that the token is active still."""
    pool.behave("ended-before")
    await pool.log_out(sid="ended-before")
    starts = len(pool.entries("started"))
    pool.processes()[0].kill()
    assert (await pool.check(1, "ended-before")).status == 401, "the other one serves"
    async with pool.http.get("/health") as response:
        assert (await response.json())["components"]["authorizer"] == "ok"
    await until(lambda: len(pool.entries("started")) == starts + 1, seconds=90)
    assert (await pool.check(0, "ended-before")).status == 401


@pytest.mark.covers("S18")
async def test_the_limit_on_failures_of_an_address_holds_for_all_workers_together(pool: Pool) -> None:
    pool.keycloak.behaviour = json_answer({"active": False})
    guesses = [pool.check(number % WORKERS, f"bad-{number}", "192.0.2.2") for number in range(FAILURES)]
    assert [(await guess).status for guess in guesses] == [401] * FAILURES
    await pool.metrics()  # for which each is asked, after what it was told
    assert await pool.statuses("one-more", "192.0.2.2") == [429, 429]
    assert await pool.statuses("other-address", "192.0.2.3") == [401, 401]
    assert len(pool.keycloak.forms) == FAILURES + WORKERS


@pytest.mark.covers("G8")
async def test_metrics_are_the_sum_over_the_workers_whichever_is_asked(pool: Pool) -> None:
    before = await pool.metrics()
    await pool.statuses("counted")
    await pool.check(0, "counted")
    await pool.log_out(sid="counted")
    for _ in range(4):  # connections go to either worker
        after = await pool.metrics()
        assert _grown(before, after, 'ext_authz_decisions_total{reason="allowed",resource="weather"}') == 3
        assert _grown(before, after, "ext_authz_decision_seconds_count") == 3
        assert _grown(before, after, 'ext_authz_introspections_total{outcome="active"}') == WORKERS
        assert _grown(before, after, "ext_authz_ended_sessions") == 1


async def test_a_changed_policy_is_in_force_at_every_worker(pool: Pool) -> None:
    text = pool.policy.read_text()
    pool.policy.write_text(text.replace("      get_uv_index: []\n", ""))
    await until(lambda: len(pool.entries("policy_accepted")) == WORKERS)
    assert await pool.statuses("policy") == [403, 403]
    pool.policy.write_text(text)
    await until(lambda: len(pool.entries("policy_accepted")) == 2 * WORKERS)


@pytest.mark.covers("F1", "F18")
async def test_a_worker_that_cannot_be_started_again_is_tried_until_it_can_and_the_other_one_serves(
    authority: Authority, tls: Tls, tmp_path: Path
) -> None:
    async with running_pool(authority, tls, tmp_path) as pool:
        await until(lambda: len(pool.entries("started")) == WORKERS, seconds=60)  # said after they are ready
        parent = psutil.Process(pool.authorizer.process.pid)
        before, open_files = parent.rlimit(psutil.RLIMIT_NOFILE), parent.num_fds()
        parent.rlimit(psutil.RLIMIT_NOFILE, (_highest_descriptor(parent) + 1, before[1]))  # it may open no other
        pool.processes()[0].kill()
        await until(lambda: len(pool.entries("worker_not_started")) >= 3, seconds=60)
        assert (await pool.check(1, "meanwhile")).status == 200
        parent.rlimit(psutil.RLIMIT_NOFILE, before)
        await until(lambda: len(pool.entries("started")) == WORKERS + 1, seconds=90)
        assert (await pool.check(0, "afterwards")).status == 200
        assert parent.num_fds() == open_files
        failed = pool.entries("worker_not_started")[:3]
    assert {(entry["worker"], entry["reason"]) for entry in failed} == {(0, "Too many open files")}
    assert [entry["starts_again_in_seconds"] for entry in failed] == [0.4, 0.8, 1.6]
    assert pool.authorizer.stderr == []


@pytest.mark.covers("F1", "F5")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_no_worker_outlives_its_parent(
    authority: Authority, tls: Tls, tmp_path: Path, number: signal.Signals
) -> None:
    async with running_pool(authority, tls, tmp_path) as pool:
        processes = pool.processes()
        pool.authorizer.process.send_signal(number)
        async with asyncio.timeout(60):
            code = await pool.authorizer.process.wait()
        await until(lambda: not any(process.is_running() for process in processes), seconds=60)
    assert code == (0 if number is signal.SIGTERM else -number)
    assert len(pool.entries("stopped")) == WORKERS


async def test_a_port_of_any_worker_that_is_in_use_ends_the_start_with_1(tls: Tls, tmp_path: Path) -> None:
    first = ports_in_a_row(WORKERS)
    with _held(first + 1):
        variables = environment(tls, EXT_AUTHZ_WORKERS="2", GRPC_LISTEN=f"127.0.0.1:{first}")
        ended = await run_to_its_end(variables, tmp_path)
    assert ended.code == 1
    assert f"ext_authz: cannot start: GRPC_LISTEN: 127.0.0.1:{first + 1} cannot be bound" in ended.stderr
    assert "Traceback" not in ended.stderr


async def test_a_worker_that_cannot_be_started_at_all_ends_the_start_with_one_line(tls: Tls, tmp_path: Path) -> None:
    """Here because the interpreter that it is to be started with is not there."""
    pool = "import sys; sys.executable = '/is/not/there'; from ext_authz.workers import pool; sys.exit(pool.main())"
    ended = await run_to_its_end(environment(tls, EXT_AUTHZ_WORKERS="2"), tmp_path, "-c", pool)
    assert ended.code == 1
    assert ended.stderr == "ext_authz: cannot start: worker 0 cannot be started: No such file or directory\n"


def _highest_descriptor(process: psutil.Process) -> int:
    return max(int(file.name) for file in Path(f"/proc/{process.pid}/fd").iterdir())


def _grown(before: str, after: str, series: str) -> float:
    return _value(after, series) - _value(before, series)


def _value(exposition: str, series: str) -> float:
    lines = (line.rpartition(" ") for line in exposition.splitlines())
    return next((float(value) for name, _, value in lines if name == series), 0.0)
