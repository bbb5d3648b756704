"""The certificates as TLS libraries see them: OpenSSL at its strictest, Python's ssl, and gRPC."""

import asyncio
import contextlib
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest
from gateway.certificates import ensure_certificates
from grpc_health.v1 import health_pb2, health_pb2_grpc  # type: ignore[import-untyped]
from grpc_health.v1.health import aio as health_aio  # type: ignore[import-untyped]

OPENSSL = shutil.which("openssl")


@pytest.fixture(scope="module")
def certs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("certs")
    ensure_certificates(directory, public_host="localhost")
    return directory


def context(certs: Path, name: str, purpose: ssl.Purpose) -> ssl.SSLContext:
    """Mutual TLS as `name`, with the strictness that Python 3.13 has by default."""
    made = ssl.create_default_context(purpose, cafile=str(certs / "ca.crt"))
    made.load_cert_chain(certs / f"{name}.crt", certs / f"{name}.key")
    made.verify_flags |= ssl.VERIFY_X509_STRICT
    made.verify_mode = ssl.CERT_REQUIRED
    return made


@asynccontextmanager
async def greeting(certs: Path, name: str) -> AsyncIterator[int]:
    """A server with `name`'s certificate that asks for the client's; the value is its port."""

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0, ssl=context(certs, name, ssl.Purpose.CLIENT_AUTH))
    async with server:
        yield server.sockets[0].getsockname()[1]


async def greeted(certs: Path, client: str, port: int, server_name: str) -> bytes:
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=context(certs, client, ssl.Purpose.SERVER_AUTH), server_hostname=server_name
    )
    try:
        return await reader.read()
    finally:
        writer.close()


@pytest.mark.covers("T2", "T3", "T4")
@pytest.mark.skipif(OPENSSL is None, reason="no openssl on this machine")
@pytest.mark.parametrize("name", ["gateway", "mcp-weather", "ext-authz"])
def test_openssl_verifies_each_strictly_as_a_server(certs: Path, name: str) -> None:
    command = [OPENSSL or "", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", "ca.crt", f"{name}.crt"]
    done = subprocess.run(command, cwd=certs, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.covers("T4")
@pytest.mark.parametrize("name", ["mcp-weather", "ext-authz"])
async def test_gateway_and_service_trust_each_other(certs: Path, name: str) -> None:
    async with greeting(certs, name) as port:
        assert await greeted(certs, "gateway", port, name) == b"hello"


@pytest.mark.covers("T4", "S10")
async def test_a_service_is_not_accepted_as_a_client(certs: Path) -> None:
    """It has a certificate of our CA, but one for servers only. In TLS 1.3 the client learns it when it first reads."""
    answer = b""
    async with greeting(certs, "mcp-weather") as port:
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            answer = await greeted(certs, "ext-authz", port, "mcp-weather")
    assert answer == b""


@pytest.mark.covers("T4", "S10")
async def test_one_service_cannot_stand_in_for_another(certs: Path) -> None:
    async with greeting(certs, "ext-authz") as port:
        with pytest.raises(ssl.SSLCertVerificationError):
            await greeted(certs, "gateway", port, "mcp-weather")


@pytest.mark.covers("T2", "T4", "S11")
async def test_grpc_serves_with_them(certs: Path) -> None:
    ca, crt, key = ((certs / file).read_bytes() for file in ("ca.crt", "ext-authz.crt", "ext-authz.key"))
    server = grpc.aio.server()
    health_pb2_grpc.add_HealthServicer_to_server(health_aio.HealthServicer(), server)
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(key, crt)], ca, True))
    await server.start()
    client = grpc.ssl_channel_credentials(ca, *((certs / f"gateway.{kind}").read_bytes() for kind in ("key", "crt")))
    async with grpc.aio.secure_channel(f"localhost:{port}", client) as channel:
        answer = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5)
    await server.stop(None)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
