"""Starts the authorizer: ``python -m ext_authz``. The only place where parts are made and put together."""

import asyncio
import gc
import os
import sys
from contextlib import AsyncExitStack
from functools import partial

import ext_authz.grpc_engine  # noqa: F401 - first, for gRPC reads what it sets as it is loaded

# isort: split
import aiohttp
import uvloop
from aiohttp import web
from mcp_wire import LineWriter, LogStream

from ext_authz.authorizer import Authorizer
from ext_authz.breaker import GuardedAuthorizationServer
from ext_authz.certificates import Expiries, OwnCertificates
from ext_authz.decision_log import DecisionLog, json_logger
from ext_authz.discovery import metadata_documents
from ext_authz.ended_sessions import EndedSessions
from ext_authz.grpc_server import Tls, start_grpc_server
from ext_authz.grpc_service import AuthorizationService
from ext_authz.health import Health
from ext_authz.http_app import Exposition, make_http_app
from ext_authz.introspection import CacheSettings, Introspection
from ext_authz.keycloak import KeycloakIntrospection
from ext_authz.keycloak_keys import KeycloakKeys
from ext_authz.keycloak_registration import KeycloakRegistration, registration_path
from ext_authz.logout_http import PATH as LOGOUT_PATH
from ext_authz.logout_http import LogoutEndpoint
from ext_authz.logout_spreading import LogoutSpreading
from ext_authz.metrics import Metrics
from ext_authz.peer import OnlyPeer, is_one_address
from ext_authz.policy_file import PolicyError, load_policy
from ext_authz.policy_in_force import PolicyInForce
from ext_authz.policy_watch import PolicyWatch
from ext_authz.probes import EnvoyProbe, keycloak_probe
from ext_authz.recorder import DecisionRecorder
from ext_authz.registration_http import RegistrationEndpoint
from ext_authz.settings import Settings, SettingsError, load_settings
from ext_authz.stop import Stop
from ext_authz.workers.channel import Channel
from ext_authz.workers.sharing import SharedEndedSessions, SharedFailureLimit, SpreadToAll
from ext_authz.workers.siblings import NoSiblings, OtherWorkers, Siblings
from ext_authz.workers.summing import whole_exposition
from ext_authz.workers.worker import Worker, this_worker


class CannotStart(Exception):
    """An address in use, or a key that does not fit its certificate. Its text is one line for the operator."""


class CannotGoOn(Exception):
    """What answers requests has ended by itself."""


def main() -> int:
    """Exit code 0 after a stop that was asked for, 2 for a bad setting or policy, 1 for any other failure."""
    try:
        settings = load_settings()
        policy = load_policy(settings.policy_file, settings.public_url)
    except (SettingsError, PolicyError) as error:
        sys.stderr.write(f"ext_authz: {error}\n")
        return 2
    worker = this_worker()
    if settings.ext_authz_workers > 1 and worker is None:
        # Becomes the parent of workers, with the same process id. It needs little of what is imported above.
        os.execv(sys.executable, (sys.executable, "-m", "ext_authz.workers.pool"))  # noqa: S606 - no shell is wanted
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(settings, PolicyInForce(policy), worker))
    except CannotStart as error:
        sys.stderr.write(f"ext_authz: cannot start: {error}\n")
        return 1
    except CannotGoOn:
        sys.stderr.write("ext_authz: the gRPC server has ended by itself; the log says why\n")
        return 1
    return 0


async def serve(settings: Settings, policy: PolicyInForce, worker: Worker | None) -> None:
    """Serve until SIGTERM or SIGINT, then drain. ``worker`` is where there are several.

    Raises:
        CannotStart: or CannotGoOn.
    """
    stop = Stop()
    stop.listen()
    logger = json_logger(sys.stdout, settings.log_level).bind(**({"worker": worker.number} if worker else {}))
    metrics = Metrics()
    metrics.certificates(OwnCertificates(_tls(settings)).gauges())
    async with AsyncExitStack() as closing:
        lines = LineWriter(LogStream(sys.stdout))
        recorder = DecisionRecorder(DecisionLog(logger, lines.write), metrics)
        closing.callback(recorder.tell)
        siblings = await _siblings(worker, stop, closing)
        ended = SharedEndedSessions(siblings, metrics.remembered)
        introspection = await _introspection(settings, metrics, ended, siblings, closing)
        authorizer = Authorizer(policy, introspection, settings.origins, recorder)
        service = AuthorizationService(authorizer, policy, recorder)
        await _start_watching(settings, policy, recorder, closing)
        exposition = whole_exposition(recorder.exposition, siblings)
        app = _http_app(settings, policy, exposition, await _health(settings, policy, introspection, closing))
        registration = _registration(settings, recorder, closing)
        app.router.add_post(registration_path(settings.keycloak_realm), registration.handle)
        app.router.add_post(LOGOUT_PATH, _logout(settings, ended, siblings, recorder, closing).handle)
        http_port = await _start_http(settings, app, worker, closing)
        grpc_port = await _start_grpc(settings, service, recorder, worker, stop=stop, closing=closing)
        siblings.ready()
        # What the start has made stays. Looking through it took 38 ms of every full collection, for all who waited.
        gc.collect()
        gc.freeze()
        logger.info("started", grpc_port=grpc_port, http_port=http_port, resources=sorted(policy.resources))
        await stop.asked.wait()
        logger.info("stopping")
    logger.info("stopped")
    if stop.has_failed:
        raise CannotGoOn


async def _siblings(worker: Worker | None, stop: Stop, closing: AsyncExitStack) -> Siblings:
    if worker is None:
        return NoSiblings()
    siblings = OtherWorkers(await Channel.over(worker.channel))
    hearing = asyncio.create_task(siblings.run())
    hearing.add_done_callback(lambda _: stop.now())  # the pool is gone: nobody would tell of ended sessions any more
    closing.callback(hearing.cancel)
    return siblings


async def _start_watching(
    settings: Settings, policy: PolicyInForce, recorder: DecisionRecorder, closing: AsyncExitStack
) -> None:
    watching = asyncio.create_task(PolicyWatch(settings.policy_file, settings.public_url, policy, recorder).run())

    async def end() -> None:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)

    closing.push_async_callback(end)


async def _introspection(
    settings: Settings, metrics: Metrics, ended: EndedSessions, siblings: Siblings, closing: AsyncExitStack
) -> Introspection:
    keycloak = KeycloakIntrospection(
        settings.keycloak_url,
        settings.keycloak_realm,
        settings.keycloak_client_id,
        settings.keycloak_client_secret.get_secret_value(),
    )
    closing.push_async_callback(keycloak.aclose)
    cache = CacheSettings(
        ttl_seconds=settings.introspection_ttl_seconds,
        size=settings.introspection_cache_size,
        failures_per_minute=settings.failed_introspections_per_minute,
    )
    server = GuardedAuthorizationServer(keycloak, settings.introspection_timeout_seconds)
    failures = SharedFailureLimit(settings.failed_introspections_per_minute, siblings)
    soon = asyncio.get_running_loop().call_soon_threadsafe
    introspection = Introspection(server, settings.issuer, cache, metrics, ended, failures=failures, soon=soon)
    closing.push_async_callback(introspection.aclose)
    return introspection


async def _start_grpc(
    settings: Settings,
    service: AuthorizationService,
    recorder: DecisionRecorder,
    worker: Worker | None,
    *,
    stop: Stop,
    closing: AsyncExitStack,
) -> int:
    address = worker.grpc_address(settings.grpc_listen) if worker else settings.grpc_listen
    tls = _tls(settings)
    peer = OnlyPeer(settings.allowed_client_san, remembers=is_one_address(address))
    try:
        failed = partial(recorder.failed, "")
        server = await start_grpc_server(service, address, tls, peer, failed=failed, died=stop.fail)
    except RuntimeError as error:
        raise CannotStart(f"GRPC_LISTEN: {address} cannot be bound: is it in use?") from error
    except OSError as error:
        raise CannotStart(f"TLS_KEY_FILE: {tls.key} and {tls.certificate} are not a key and its certificate") from error
    closing.push_async_callback(server.drain, stop.at_once)
    return server.port


def _tls(settings: Settings) -> Tls:
    return Tls(settings.tls_cert_file, settings.tls_key_file, settings.tls_ca_file)


def _registration(settings: Settings, recorder: DecisionRecorder, closing: AsyncExitStack) -> RegistrationEndpoint:
    keycloak = KeycloakRegistration(settings.keycloak_url, settings.keycloak_realm, settings.backchannel_logout_url)
    closing.push_async_callback(keycloak.aclose)
    return RegistrationEndpoint(keycloak, settings.origins, recorder)


def _logout(
    settings: Settings, ended: EndedSessions, siblings: Siblings, recorder: DecisionRecorder, closing: AsyncExitStack
) -> LogoutEndpoint:
    keys = KeycloakKeys(settings.keycloak_url, settings.keycloak_realm)
    closing.push_async_callback(keys.aclose)
    replicas = LogoutSpreading(settings.replicas, settings.backchannel_logout_url, ended, recorder)
    closing.push_async_callback(replicas.aclose)
    return LogoutEndpoint(keys, ended, settings.issuer, recorder, spreads=SpreadToAll(siblings, replicas))


async def _health(
    settings: Settings, policy: PolicyInForce, introspection: Introspection, closing: AsyncExitStack
) -> Health:
    session = await closing.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)))
    envoy = EnvoyProbe(session, settings.envoy_status_url, policy)
    keycloak = keycloak_probe(session, settings.keycloak_url, settings.keycloak_realm, introspection)

    async def own() -> Expiries:
        return OwnCertificates(_tls(settings)).expiries()

    return Health((keycloak, envoy), lambda: policy.refused, own, envoy.expiries)


def _http_app(settings: Settings, policy: PolicyInForce, metrics: Exposition, health: Health) -> web.Application:
    return make_http_app(lambda: metadata_documents(policy, settings.issuer), health, metrics)


async def _start_http(settings: Settings, app: web.Application, worker: Worker | None, closing: AsyncExitStack) -> int:
    """Returns the port that was bound."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2, auto_decompress=False)
    await runner.setup()
    closing.push_async_callback(runner.cleanup)
    host, _, port = settings.http_listen.rpartition(":")
    site = web.SockSite(runner, worker.http) if worker else web.TCPSite(runner, host.strip("[]"), int(port))
    try:
        await site.start()
    except OSError as error:
        raise CannotStart(f"HTTP_LISTEN: {settings.http_listen} cannot be bound: {error.strerror}") from error
    bound: int = runner.addresses[0][1]
    return bound


if __name__ == "__main__":
    sys.exit(main())
