"""The gRPC server as Envoy and grpcurl meet it: certificates, health, reflection, checks, and its end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from ext_authz.authorizer import Authorizer, Introspector
from ext_authz.ended_sessions import EndedSessions
from ext_authz.grpc_server import GrpcServer, Tls, start_grpc_server
from ext_authz.grpc_service import AuthorizationService
from ext_authz.introspection import CacheSettings, Introspection
from ext_authz.peer import OnlyPeer
from ext_authz.xds import AUTHORIZATION_SERVICE
from grpc.experimental.session_cache import ssl_session_cache_lru
from grpc_health.v1 import health_pb2, health_pb2_grpc  # type: ignore[import-untyped]
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc  # type: ignore[import-untyped]

from tests.support.authz import (
    ISSUER,
    NOW,
    TOKEN,
    FakeAuthorizationServer,
    FakeIntrospector,
    FakeObserver,
    FakeRecorder,
    answer,
    directly,
    shipped_policy,
    tool_call,
    until,
)
from tests.support.authz_tls import Authority
from tests.support.envoy_check import EnvoyAnswer, check_request, read_answer

CHECK = f"/{AUTHORIZATION_SERVICE}/Check"
HEALTH = "/grpc.health.v1.Health/Check"
REFLECTION = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
HEADERS = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
GOOD = check_request(headers=HEADERS, body=tool_call())


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certs"))


@asynccontextmanager
async def running(
    authority: Authority, introspector: Introspector, tls: Tls | None = None, peer: OnlyPeer | None = None
) -> AsyncIterator[GrpcServer]:
    policy, recorder = shipped_policy(), FakeRecorder()
    authorizer = Authorizer(policy, introspector, frozenset(), recorder, now=lambda: NOW)
    service = AuthorizationService(authorizer, policy, recorder)
    tls = tls or authority.server_files()
    faults: list[BaseException] = []
    server = await start_grpc_server(
        service, "127.0.0.1:0", tls, peer or OnlyPeer("envoy"), failed=faults.append, died=lambda: None
    )
    try:
        yield server
    finally:
        await server.server.stop(0)
    assert not faults


@pytest.fixture
async def server(authority: Authority) -> AsyncIterator[GrpcServer]:
    async with running(authority, FakeIntrospector()) as server:
        yield server


@asynccontextmanager
async def channel(server: GrpcServer, credentials: grpc.ChannelCredentials) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.secure_channel(f"localhost:{server.port}", credentials) as channel:
        yield channel


def start_check(channel: grpc.aio.Channel, request: bytes = GOOD) -> "grpc.aio.UnaryUnaryCall[bytes, bytes]":
    call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(CHECK)
    return call(request, timeout=30)


async def check(channel: grpc.aio.Channel, request: bytes = GOOD) -> EnvoyAnswer:
    """Bytes in, bytes out: made and read by an implementation that is not the server's."""
    return read_answer(await start_check(channel, request))


@pytest.mark.covers("K4", "K5", "A3")
async def test_envoy_s_certificate_gets_a_decision(authority: Authority, server: GrpcServer) -> None:
    async with channel(server, authority.client("gateway", "envoy", "localhost")) as envoy:
        answer = await check(envoy)
    assert answer.allowed
    assert answer.headers["x-user-sub"] == "user-1"


@pytest.mark.covers("S11")
@pytest.mark.parametrize("method", [CHECK, HEALTH, "/grpc.health.v1.Health/Watch", REFLECTION])
@pytest.mark.parametrize(
    "names",
    [
        ("mcp-weather", "localhost"),
        ("envoy.example",),
        ("x@envoy",),
        ("uri=envoy", "envoy-b"),
        ("*.envoy",),
        ("127.0.0.1",),
    ],
)
async def test_another_service_s_certificate_is_refused_on_every_method(
    authority: Authority, server: GrpcServer, method: str, names: tuple[str, ...]
) -> None:
    async with channel(server, authority.client(*names)) as other:
        # One request and a stream of answers is how a client may call methods of every kind.
        ask: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = other.unary_stream(method)
        assert await ask(b"", timeout=10).code() is grpc.StatusCode.PERMISSION_DENIED


@pytest.mark.covers("S11")
async def test_each_connection_s_handshake_makes_all_addresses_be_looked_at_again(authority: Authority) -> None:
    class Counting(OnlyPeer):
        handshakes = 0

        def shakes_hands(self) -> None:
            self.handshakes += 1
            super().shakes_hands()

    peer = Counting("envoy", remembers=True)
    async with running(authority, FakeIntrospector(), peer=peer) as server:
        for number in (1, 2, 3):
            options = [("grpc.use_local_subchannel_pool", 1)]  # a connection of its own
            address = f"localhost:{server.port}"
            async with grpc.aio.secure_channel(address, authority.client("envoy"), options=options) as envoy:
                assert [(await check(envoy)).allowed for _ in range(3)] == [True] * 3
                assert peer.handshakes == number


@pytest.mark.covers("S10", "S11", "F15")
async def test_no_certificate_a_foreign_an_expired_or_a_servers_one_gets_no_connection(
    authority: Authority, server: GrpcServer
) -> None:
    for credentials in (
        authority.client_without_certificate(),
        authority.foreign_client("envoy"),
        authority.client("envoy", valid_for=timedelta(seconds=-1)),
        authority.client("envoy", use=ExtendedKeyUsageOID.SERVER_AUTH),
    ):
        async with channel(server, credentials) as stranger:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await check(stranger)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


@pytest.mark.covers("S10", "F15")
async def test_a_resumed_session_is_refused_once_the_certificate_behind_it_has_expired(
    authority: Authority,
) -> None:
    clock = [datetime.now(UTC)]
    cache = ("grpc.ssl_session_cache", ssl_session_cache_lru(1))  # type: ignore[no-untyped-call]
    credentials = authority.client("envoy")  # good for a day

    async def ask(server: GrpcServer, *options: Any) -> grpc.StatusCode:
        async with grpc.aio.secure_channel(f"localhost:{server.port}", credentials, options=options) as envoy:
            return await start_check(envoy).code()

    async with running(authority, FakeIntrospector(), peer=OnlyPeer("envoy", lambda: clock[0])) as server:
        assert [await ask(server, cache) for _ in range(2)] == [grpc.StatusCode.OK] * 2
        clock[0] += timedelta(days=2)
        assert await ask(server, cache) is grpc.StatusCode.PERMISSION_DENIED
        assert await ask(server) is grpc.StatusCode.OK  # a whole handshake is OpenSSL's to judge, by its own clock


@pytest.mark.covers("S11")
async def test_plaintext_gets_no_connection(server: GrpcServer) -> None:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as plain:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await check(plain)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


@pytest.mark.covers("K5")
@pytest.mark.parametrize("service", ["", AUTHORIZATION_SERVICE])
async def test_health_says_serving_for_the_server_and_the_service(
    authority: Authority, server: GrpcServer, service: str
) -> None:
    async with channel(server, authority.client("envoy")) as envoy:
        stub = health_pb2_grpc.HealthStub(envoy)
        answer = await stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=10)
        first = await stub.Watch(health_pb2.HealthCheckRequest(service=service), timeout=10).read()
    assert answer.status == first.status == health_pb2.HealthCheckResponse.SERVING


@pytest.mark.covers("K5")
async def test_reflection_lists_authorization_health_and_itself(authority: Authority, server: GrpcServer) -> None:
    async with channel(server, authority.client("envoy")) as envoy:
        stub = reflection_pb2_grpc.ServerReflectionStub(envoy)
        asked = reflection_pb2.ServerReflectionRequest(list_services="")
        answers = [answer async for answer in stub.ServerReflectionInfo(iter([asked]), timeout=10)]
    listed = {service.name for service in answers[0].list_services_response.service}
    assert listed == {
        "envoy.service.auth.v3.Authorization",
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
    }


async def test_an_unknown_method_is_unimplemented(authority: Authority, server: GrpcServer) -> None:
    async with channel(server, authority.client("envoy")) as envoy:
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = envoy.unary_unary(CHECK + "Nothing")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call(b"", timeout=10)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.covers("F20")
async def test_500_concurrent_checks_with_one_cold_token_make_one_introspection(authority: Authority) -> None:
    observer = FakeObserver()
    keycloak = FakeAuthorizationServer(answer(), gate=asyncio.Event())
    settings = CacheSettings(ttl_seconds=5, size=100)
    introspection = Introspection(keycloak, ISSUER, settings, observer, EndedSessions(), now=lambda: NOW, soon=directly)
    async with running(authority, introspection) as server, channel(server, authority.client("envoy")) as envoy:
        checks = [asyncio.create_task(check(envoy)) for _ in range(500)]
        await until(lambda: observer.joins == 499, 30)
        assert keycloak.gate is not None
        keycloak.gate.set()
        answers = await asyncio.gather(*checks)
    assert all(answer.allowed for answer in answers)
    assert len(keycloak.tokens) == 1


@pytest.mark.covers("F3", "F20")
async def test_a_check_that_envoy_gave_up_on_does_not_end_the_others_introspection(authority: Authority) -> None:
    observer = FakeObserver()
    keycloak = FakeAuthorizationServer(answer(), gate=asyncio.Event())
    settings = CacheSettings(ttl_seconds=5, size=100)
    introspection = Introspection(keycloak, ISSUER, settings, observer, EndedSessions(), now=lambda: NOW, soon=directly)
    async with running(authority, introspection) as server, channel(server, authority.client("envoy")) as envoy:
        first = start_check(envoy)
        await until(lambda: observer.misses == 1)
        second = asyncio.create_task(check(envoy))
        await until(lambda: observer.joins == 1)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert keycloak.gate is not None
        keycloak.gate.set()
        assert (await second).allowed
    assert len(keycloak.tokens) == 1


async def nothing_new_is_taken(server: GrpcServer, authority: Authority) -> None:
    """Wait until the server refuses connections. What is asked needs no introspection."""
    async with asyncio.timeout(10):
        while True:
            async with channel(server, authority.client("envoy")) as late:
                try:
                    await check(late, check_request())
                except grpc.aio.AioRpcError as error:
                    assert error.code() is grpc.StatusCode.UNAVAILABLE
                    return


@pytest.mark.covers("F5")
async def test_draining_lets_a_check_in_flight_end_and_says_not_serving(authority: Authority) -> None:
    observer = FakeObserver()
    keycloak = FakeAuthorizationServer(answer(), gate=asyncio.Event())
    settings = CacheSettings(ttl_seconds=5, size=100)
    introspection = Introspection(keycloak, ISSUER, settings, observer, EndedSessions(), now=lambda: NOW, soon=directly)
    async with running(authority, introspection) as server, channel(server, authority.client("envoy")) as envoy:
        watch = health_pb2_grpc.HealthStub(envoy).Watch(health_pb2.HealthCheckRequest(), timeout=30)
        assert (await watch.read()).status == health_pb2.HealthCheckResponse.SERVING
        checking = asyncio.create_task(check(envoy))
        await until(lambda: observer.misses == 1)
        draining = asyncio.create_task(server.drain(asyncio.Event()))
        assert (await watch.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
        watch.cancel()
        await nothing_new_is_taken(server, authority)
        assert keycloak.gate is not None
        keycloak.gate.set()
        assert (await checking).allowed
        await draining


@pytest.mark.covers("F5")
async def test_who_asks_for_the_health_is_told_first_and_served_until_then(authority: Authority) -> None:
    at_once = asyncio.Event()
    async with running(authority, FakeIntrospector()) as server, channel(server, authority.client("envoy")) as envoy:
        health = health_pb2_grpc.HealthStub(envoy)
        asking = health_pb2.HealthCheckRequest(service=AUTHORIZATION_SERVICE)
        assert (await health.Check(asking)).status == health_pb2.HealthCheckResponse.SERVING
        draining = asyncio.create_task(server.drain(at_once))
        async with asyncio.timeout(10):
            watch = health.Watch(asking)
            while (await watch.read()).status == health_pb2.HealthCheckResponse.SERVING:
                pass
        watch.cancel()
        assert (await check(envoy)).allowed
        assert not draining.done()
        at_once.set()
        await draining
        await nothing_new_is_taken(server, authority)


@pytest.mark.covers("F16")
async def test_a_renewed_certificate_is_used_without_a_restart(authority: Authority, tmp_path: Path) -> None:
    old = Authority(tmp_path)
    tls = old.server_files()
    async with running(authority, FakeIntrospector(), tls) as server:
        async with channel(server, old.client("envoy")) as envoy:
            assert (await check(envoy)).allowed
        renewed = Authority(tmp_path)
        tls.key.write_text("half replaced")
        async with channel(server, old.client("envoy")) as envoy:
            assert (await check(envoy)).allowed
        renewed.server_files()
        async with channel(server, renewed.client("envoy")) as envoy:
            assert (await check(envoy)).allowed


async def test_a_port_in_use_is_an_error_and_not_shared(authority: Authority, server: GrpcServer) -> None:
    service = AuthorizationService(
        Authorizer(shipped_policy(), FakeIntrospector(), frozenset(), FakeRecorder()), shipped_policy(), FakeRecorder()
    )
    with pytest.raises(RuntimeError, match="bind"):
        await start_grpc_server(
            service,
            f"127.0.0.1:{server.port}",
            authority.server_files("second"),
            OnlyPeer("envoy"),
            failed=print,
            died=print,
        )
