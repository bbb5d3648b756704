"""Certificate, key and CA replaced under a server that runs: no restart, and nobody is turned away for it."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from mcp_serving import ServerSettings, make_app
from mcp_serving.serve import listening
from mcp_serving.tls import RenewableTls, TlsFiles
from structlog.testing import capture_logs

from tests.support.authz import until
from tests.support.serving_sample import sample_toolbox
from tests.support.serving_tls import SERVER, Authority, Issued


class Files:
    """What the server reads, and the ways in which it is replaced: by renames, as the gateway's tools do it."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        self.tls = TlsFiles(folder / "server.crt", folder / "server.key", folder / "ca.crt")
        self.trust(authority)
        self.show(authority.issue("localhost", use=SERVER))

    def show(self, issued: Issued) -> None:
        self.put(self.tls.key, issued.key.read_bytes())
        self.put(self.tls.certificate, issued.certificate.read_bytes())

    def trust(self, *authorities: Authority) -> None:
        self.put(self.tls.authority, b"".join(authority.pem for authority in authorities))

    @staticmethod
    def read(path: Path) -> bytes:
        return path.read_bytes()

    @staticmethod
    def put(path: Path, content: bytes | None) -> None:
        if content is None:
            path.unlink()
            return
        beside = path.with_name(f".{path.name}")
        beside.write_bytes(content)
        beside.replace(path)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def files(tmp_path: Path, authority: Authority) -> Files:
    return Files(tmp_path, authority)


@asynccontextmanager
async def serving(files: Files) -> AsyncIterator[int]:
    async with listening(
        make_app(sample_toolbox(), ServerSettings()), "127.0.0.1", 0, RenewableTls(files.tls).context, 1
    ) as port:
        yield port


async def get_health(port: int, client: ssl.SSLContext) -> int:
    """The status by a connection of its own."""
    connector = aiohttp.TCPConnector(ssl=client, force_close=True)
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.get(f"https://localhost:{port}/health") as answer,
    ):
        return answer.status


async def shown(port: int, client: ssl.SSLContext) -> bytes:
    """The certificate that a new connection is shown, DER."""
    _, writer = await asyncio.open_connection("localhost", port, ssl=client)
    try:
        connection: ssl.SSLObject = writer.get_extra_info("ssl_object")
        return connection.getpeercert(binary_form=True) or b""
    finally:
        writer.close()


@pytest.mark.covers("F16", "T3")
async def test_a_renewed_pair_is_shown_to_new_connections_and_open_ones_go_on(
    authority: Authority, files: Files
) -> None:
    client = authority.client_context(authority.issue("envoy"))
    renewed = authority.issue("localhost", use=SERVER)
    async with (
        serving(files) as port,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=client, limit=1)) as session,
    ):
        async with session.get(f"https://localhost:{port}/health") as before:
            await before.read()
        old = await shown(port, client)
        files.show(renewed)
        new = await shown(port, client)
        async with session.get(f"https://localhost:{port}/health") as on_the_open_connection:
            assert on_the_open_connection.status == 200
    assert ssl.DER_cert_to_PEM_cert(new).strip() == renewed.certificate.read_text().strip()
    assert old != new


@pytest.mark.covers("F16")
@pytest.mark.parametrize("first", ["key", "certificate"])
async def test_half_a_renewal_changes_nothing_until_the_other_half_is_there(
    authority: Authority, files: Files, first: str
) -> None:
    client = authority.client_context(authority.issue("envoy"))
    renewed = authority.issue("localhost", use=SERVER)
    halves: dict[str, Callable[[], None]] = {
        "key": lambda: files.put(files.tls.key, renewed.key.read_bytes()),
        "certificate": lambda: files.put(files.tls.certificate, renewed.certificate.read_bytes()),
    }
    async with serving(files) as port:
        old = await shown(port, client)
        halves.pop(first)()
        assert [await shown(port, client) for _ in range(3)] == [old] * 3
        halves.popitem()[1]()
        assert await shown(port, client) != old


@pytest.mark.covers("F16")
@pytest.mark.parametrize("damage", [b"", b"not PEM", None], ids=["empty", "garbage", "gone"])
@pytest.mark.parametrize("name", ["certificate", "key", "authority"])
async def test_a_damaged_file_is_told_once_and_the_ones_before_serve_on(
    authority: Authority, files: Files, name: str, damage: bytes | None
) -> None:
    client = authority.client_context(authority.issue("envoy"))
    damaged: Path = getattr(files.tls, name)
    whole = files.read(damaged)
    async with serving(files) as port:
        with capture_logs() as logs:
            files.put(damaged, damage)
            assert [await get_health(port, client) for _ in range(3)] == [200] * 3
            files.put(damaged, whole)
            assert await get_health(port, client) == 200
    assert [entry["event"] for entry in logs if entry["event"].startswith("certificates")] == [
        "certificates_not_usable",
        "certificates_renewed",
    ]


@pytest.mark.covers("F16", "S10")
async def test_while_two_cas_are_trusted_both_pass_and_afterwards_only_the_new_one(
    authority: Authority, files: Files, tmp_path: Path
) -> None:
    new = Authority(tmp_path, "Next CA")
    clients = {ca: authority.client_context(ca.issue("envoy")) for ca in (authority, new)}
    async with serving(files) as port:
        with pytest.raises((aiohttp.ClientError, ConnectionError)):
            await get_health(port, clients[new])
        files.trust(authority, new)
        assert await get_health(port, clients[authority]) == await get_health(port, clients[new]) == 200
        files.trust(new)
        assert await get_health(port, clients[new]) == 200
        with pytest.raises((aiohttp.ClientError, ConnectionError)):
            await get_health(port, clients[authority])


@pytest.mark.covers("S10", "F15")
async def test_no_session_is_resumed_so_each_connection_shows_a_certificate_that_is_good_now(
    authority: Authority, files: Files
) -> None:
    """RFC 8446 section 2.2: whoever resumes is not asked for a certificate again."""
    client = authority.client_context(authority.issue("envoy"))
    async with serving(files) as port:
        reader, writer = await asyncio.open_connection("localhost", port, ssl=client)
        writer.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert b"200 OK" in await reader.read()  # whatever tickets there are have arrived before the answer
        connection: ssl.SSLObject = writer.get_extra_info("ssl_object")
        assert connection.version() == "TLSv1.3"
        assert connection.session is None or not connection.session.has_ticket
        writer.close()
        client.maximum_version = ssl.TLSVersion.TLSv1_2  # where a server of Python's cannot help offering to resume
        with pytest.raises((aiohttp.ClientError, ConnectionError)):
            await get_health(port, client)


@pytest.mark.covers("F16")
async def test_twenty_renewals_under_load_fail_no_request(authority: Authority, files: Files) -> None:
    client = authority.client_context(authority.issue("envoy"))
    done = asyncio.Event()
    statuses: list[int] = []

    async def ask(port: int) -> None:
        while not done.is_set():
            statuses.append(await get_health(port, client))

    async with serving(files) as port:
        asking = asyncio.gather(*(ask(port) for _ in range(4)))
        for _ in range(20):
            renewed, seen = authority.issue("localhost", use=SERVER), len(statuses)
            files.put(files.tls.key, renewed.key.read_bytes())
            await until(lambda wanted=seen + 4: len(statuses) >= wanted)  # type: ignore[misc]  # some meet half a renewal
            files.put(files.tls.certificate, renewed.certificate.read_bytes())
        done.set()
        await asking
        assert ssl.DER_cert_to_PEM_cert(await shown(port, client)).strip() == renewed.certificate.read_text().strip()
    assert set(statuses) == {200}
    assert len(statuses) >= 80
