"""A stand-in for the authorizer that breaks the protocol: Envoy's own certificate checks and timeouts meet it."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc
from ext_authz.xds import AUTHORIZATION_SERVICE
from grpc_health.v1 import health, health_pb2, health_pb2_grpc  # type: ignore[import-untyped]

Check = Callable[[bytes, grpc.ServicerContext], bytes | None]
"""The bytes of its answer; None where the call ends well and there was no answer."""

HANGS_S = 8.0
"""Longer than Envoy waits for a verdict (5 s)."""


def raises(request: bytes, context: grpc.ServicerContext) -> bytes:
    raise RuntimeError("scripted: the authorizer raises")


def aborts(code: grpc.StatusCode) -> Check:
    def check(request: bytes, context: grpc.ServicerContext) -> bytes:
        context.abort(code, "scripted")
        raise AssertionError("abort returned")

    return check


def answers_garbage(request: bytes, context: grpc.ServicerContext) -> bytes:
    return b"\xff\xff\xff no protobuf message"


def answers_an_empty_verdict(request: bytes, context: grpc.ServicerContext) -> bytes:
    """A CheckResponse of which nothing is set: its status is code 0, OK."""
    return b""


def says_nothing(request: bytes, context: grpc.ServicerContext) -> None:
    """Trailers with status OK, and no message before them."""


def hangs(request: bytes, context: grpc.ServicerContext) -> bytes:
    time.sleep(HANGS_S)  # the fault itself
    return answers_garbage(request, context)


@contextmanager
def fake_authorizer(certificates: Path, check: Check) -> Iterator[int]:
    """Healthy, with the authorizer's certificate, on a free port; every Check is answered by ``check``."""
    server = grpc.server(ThreadPoolExecutor(max_workers=64))

    def answers(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        if (said := check(request, context)) is not None:
            yield said

    # A stream of one message is on the wire what a single answer is. Without serializers: bytes in, bytes out
    method: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_stream_rpc_method_handler(answers)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(AUTHORIZATION_SERVICE, {"Check": method}),))
    healthy = health.HealthServicer()
    healthy.set(AUTHORIZATION_SERVICE, health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
    pair = ((certificates / "ext-authz.key").read_bytes(), (certificates / "ext-authz.crt").read_bytes())
    ca = (certificates / "ca.crt").read_bytes()
    credentials = grpc.ssl_server_credentials([pair], root_certificates=ca, require_client_auth=True)
    port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    try:
        yield port
    finally:
        server.stop(grace=None)
