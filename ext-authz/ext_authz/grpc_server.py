"""The gRPC server: mutual TLS, Authorization, Health, Reflection, and an end in good order."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc  # type: ignore[import-untyped]
from grpc_reflection.v1alpha import reflection, reflection_pb2_grpc  # type: ignore[import-untyped]

from ext_authz.completion_queue.server import QueueServer
from ext_authz.grpc_service import AuthorizationService
from ext_authz.noticing import NoticingHealth
from ext_authz.peer import OnlyPeer
from ext_authz.xds import AUTHORIZATION_SERVICE

DRAIN_SECONDS = 5
"""How long requests in flight may go on after a stop was asked for: Envoy's own timeout for them."""

MOST_AT_ONCE = 4096
"""Calls that one connection may have under way."""

NONE_DROPPED = (
    ("grpc.server.max_pending_requests", 4 * MOST_AT_ONCE),
    ("grpc.server.max_pending_requests_hard_limit", 4 * MOST_AT_ONCE),
)
"""Of a thousand calls that wait to be taken gRPC would cancel some at random, and of three thousand all others. These
are as many as four Envoys let through (``max_requests`` of the cluster in envoy.yaml)."""

_OPTIONS = (
    ("grpc.so_reuseport", 0),  # a second authorizer on the same port is a mistake to be told, not to be shared with
    ("grpc.max_receive_message_length", 2 * 1024 * 1024),  # a body of at most 1 MiB, and its headers
    ("grpc.max_concurrent_streams", MOST_AT_ONCE),
    *NONE_DROPPED,
)


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files: our certificate and key, and the CA that clients' certificates must come from."""

    certificate: Path
    key: Path
    ca: Path


class CertificateFiles:
    """Gives gRPC the files' content, anew whenever one of them changed, so that a renewal needs no restart."""

    def __init__(self, tls: Tls) -> None:
        self._tls = tls
        self._seen = self._fingerprint()

    def read(self) -> grpc.ServerCertificateConfiguration:
        """Raises OSError (ssl.SSLError is one): a file cannot be read, or key and certificate do not fit."""
        # gRPC itself would only say that it could not bind, or drop every handshake without a word.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self._tls.certificate, self._tls.key)
        pair = (self._tls.key.read_bytes(), self._tls.certificate.read_bytes())
        return grpc.ssl_server_certificate_configuration([pair], root_certificates=self._tls.ca.read_bytes())

    def read_if_changed(self) -> grpc.ServerCertificateConfiguration | None:
        """Called by gRPC at each handshake. None keeps what it has: nothing changed, or the pair is half replaced."""
        try:
            seen = self._fingerprint()
            if seen == self._seen:
                return None
            configuration = self.read()
            if self._fingerprint() != seen:
                return None  # replaced while we read: what was checked may not be what was read
        except OSError:
            return None
        self._seen = seen
        return configuration

    def _fingerprint(self) -> tuple[tuple[int, int, int], ...]:
        stats = (file.stat() for file in (self._tls.certificate, self._tls.key, self._tls.ca))
        return tuple((stat.st_mtime_ns, stat.st_ino, stat.st_size) for stat in stats)


@dataclass(frozen=True, slots=True)
class GrpcServer:
    """``port`` is the one that was bound: of use when port 0 was asked for."""

    server: QueueServer
    health_service: NoticingHealth
    port: int

    async def drain(self, at_once: asyncio.Event) -> None:
        """Say so to health checks and serve on until they noticed; then take nothing new, let what is in flight end."""
        await self.health_service.leave(at_once)
        await self.server.stop(DRAIN_SECONDS)


async def start_grpc_server(
    service: AuthorizationService,
    address: str,
    tls: Tls,
    peer: OnlyPeer,
    *,
    failed: Callable[[BaseException], object],
    died: Callable[[], object],
) -> GrpcServer:
    """Listen on ``address`` (host:port). ``peer`` judges callers; the rest as of ``QueueServer``.

    Raises:
        RuntimeError: the address cannot be bound.
        OSError: a certificate file cannot be read, or key and certificate do not belong together.
    """
    server = QueueServer(_OPTIONS, peer.admits, failed, died)
    service.add_to(server)
    health_service = NoticingHealth()
    health_pb2_grpc.add_HealthServicer_to_server(health_service, server)
    names = (AUTHORIZATION_SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME)
    reflection_pb2_grpc.add_ServerReflectionServicer_to_server(reflection.aio.ReflectionServicer(names), server)
    files = CertificateFiles(tls)

    def at_each_handshake() -> grpc.ServerCertificateConfiguration | None:
        peer.shakes_hands()
        return files.read_if_changed()

    credentials = grpc.dynamic_ssl_server_credentials(
        files.read(),
        at_each_handshake,  # type: ignore[arg-type]  # the stubs forget that it may return None
        require_client_authentication=True,
    )
    port = server.listen(address, credentials)
    server.start()
    for name in names:
        await health_service.set(name, health_pb2.HealthCheckResponse.SERVING)
    return GrpcServer(server, health_service, port)
