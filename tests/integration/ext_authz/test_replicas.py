"""Several authorizers behind one name: Keycloak posts a logout to one of them, and all end the session."""

import asyncio
import json
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import grpc
import pytest
from ext_authz.grpc_server import Tls
from ext_authz.xds import AUTHORIZATION_SERVICE

from tests.support.authz import TOKEN, tool_call, until
from tests.support.authz_process import Authorizer, environment, running_authorizer
from tests.support.authz_tls import Authority
from tests.support.envoy_check import check_request, read_answer
from tests.support.fake_keycloak import active, running_keycloak
from tests.support.logout import key_set, logout_token, signing_key
from tests.support.ports import ports_in_a_row

FAR_AWAY = 4_102_444_800
KEY = signing_key()
HEADERS = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}


@dataclass
class Replica:
    variables: dict[str, str]
    folder: Path
    credentials: grpc.ChannelCredentials
    authorizer: Authorizer | None = None

    @property
    def url(self) -> str:
        return f"http://{self.variables['HTTP_LISTEN']}/backchannel-logout"

    async def start(self, started: AsyncExitStack) -> None:
        self.authorizer = await started.enter_async_context(running_authorizer(self.variables, self.folder))

    async def status(self) -> int:
        target = self.variables["GRPC_LISTEN"].replace("127.0.0.1", "localhost")
        async with grpc.aio.secure_channel(target, self.credentials) as channel:
            method = f"/{AUTHORIZATION_SERVICE}/Check"
            call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(method)
            return read_answer(await call(check_request(headers=HEADERS, body=tool_call()), timeout=30)).status

    def logouts(self) -> list[str]:
        assert self.authorizer is not None
        entries = map(json.loads, self.authorizer.log)
        return [entry["outcome"] for entry in entries if entry["event"] == "logout"]

    def signal(self, number: signal.Signals) -> None:
        assert self.authorizer is not None
        self.authorizer.process.send_signal(number)


@dataclass
class Replicas:
    one: Replica
    other: Replica
    started: AsyncExitStack


@pytest.fixture
async def replicas(tmp_path: Path) -> AsyncIterator[Replicas]:
    """Neither is started yet."""
    authority = Authority(tmp_path)
    tls = authority.server_files()
    async with AsyncExitStack() as started:
        keycloak = await started.enter_async_context(running_keycloak())
        keycloak.behaviour, keycloak.keys = active(exp=FAR_AWAY, iat=int(time.time()) - 60), key_set(KEY)
        one, other = (Replica(variables, tmp_path, authority.client("envoy")) for variables in _pair(tls, keycloak.url))
        yield Replicas(one, other, started)


def _pair(tls: Tls, keycloak: str) -> list[dict[str, str]]:
    first = ports_in_a_row(4)  # none that a client may be given before it is listened on
    ports = range(first, first + 4)
    urls = ",".join(f"http://localhost:{port}/backchannel-logout" for port in ports[:2])
    return [
        environment(
            tls,
            KEYCLOAK_URL=keycloak,
            HTTP_LISTEN=f"127.0.0.1:{http}",
            GRPC_LISTEN=f"127.0.0.1:{grpc_port}",
            INTROSPECTION_TTL_SECONDS="60",
            LOGOUT_REPLICAS=urls,
        )
        for http, grpc_port in zip(ports[:2], ports[2:], strict=True)
    ]


async def log_out(replica: Replica) -> None:
    async with aiohttp.ClientSession() as http, http.post(replica.url, data={"logout_token": logout_token(KEY)}) as got:
        assert got.status == 200, await got.text()


@pytest.mark.covers("S5")
async def test_a_logout_posted_to_one_replica_ends_the_session_at_the_other(replicas: Replicas) -> None:
    one, other = replicas.one, replicas.other
    await asyncio.gather(one.start(replicas.started), other.start(replicas.started))
    assert [await one.status(), await other.status()] == [200, 200]
    await log_out(one)
    assert [await one.status(), await other.status()] == [401, 401]
    await until(lambda: other.logouts() == ["passed_on"], seconds=60)
    assert one.logouts() == ["accepted", "passed_on"], "it told itself too, and nobody told it on"


@pytest.mark.covers("S5")
async def test_replicas_that_each_name_only_the_other_tell_each_other(replicas: Replicas) -> None:
    one, other = replicas.one, replicas.other
    one.variables["LOGOUT_REPLICAS"], other.variables["LOGOUT_REPLICAS"] = other.url, one.url
    await asyncio.gather(one.start(replicas.started), other.start(replicas.started))
    assert [await one.status(), await other.status()] == [200, 200]
    await log_out(one)
    await until(lambda: other.logouts() == ["passed_on"], seconds=60)
    assert [await one.status(), await other.status()] == [401, 401]
    await until(lambda: one.logouts() == ["accepted"], seconds=60)


@pytest.mark.covers("S5", "F17")
async def test_a_replica_whose_name_does_not_resolve_keeps_a_logout_from_no_other(replicas: Replicas) -> None:
    one, other = replicas.one, replicas.other
    one.variables["LOGOUT_REPLICAS"] += ",http://gone.invalid:8090/backchannel-logout"  # no such name (RFC 6761 §6.4)
    await asyncio.gather(one.start(replicas.started), other.start(replicas.started))
    assert await other.status() == 200
    await log_out(one)
    await until(lambda: other.logouts() == ["passed_on"], seconds=20)  # the name is tried for half a minute
    assert await other.status() == 401


@pytest.mark.covers("S5")
async def test_a_replica_that_is_down_during_a_logout_is_told_when_it_starts(replicas: Replicas) -> None:
    """It may ask Keycloak before Keycloak has committed the logout; then the answer would be cached."""
    one, other = replicas.one, replicas.other
    await one.start(replicas.started)
    await log_out(one)
    await other.start(replicas.started)
    await until(lambda: other.logouts() == ["passed_on"], seconds=60)
    assert await other.status() == 401


@pytest.mark.covers("S5", "F2")
async def test_a_paused_replica_holds_up_no_logout_and_knows_of_it_afterwards(replicas: Replicas) -> None:
    one, other = replicas.one, replicas.other
    await asyncio.gather(one.start(replicas.started), other.start(replicas.started))
    assert await other.status() == 200
    other.signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        await log_out(one)
        assert time.monotonic() - began < 10, "it is tried for half a minute"
        assert await one.status() == 401
    finally:
        other.signal(signal.SIGCONT)
    await until(lambda: "passed_on" in other.logouts(), seconds=60)
    assert await other.status() == 401
