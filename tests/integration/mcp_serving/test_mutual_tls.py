from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from mcp_serving import ServerSettings, make_app
from mcp_serving.tls import RenewableTls, TlsFiles

from tests.support.serving import request, serving
from tests.support.serving_sample import BASE, sample_toolbox
from tests.support.serving_tls import SERVER, Authority, Issued


async def ping(authority: Authority, shown: Issued | None, *, allowed: str = "envoy") -> int:
    """The status of a ping to a server with a certificate of ``authority`` by a client that shows ``shown``."""
    own = authority.issue("localhost", use=SERVER)
    settings = ServerSettings(
        tls_cert_file=own.certificate,
        tls_key_file=own.key,
        tls_ca_file=authority.certificate,
        allowed_client_san=allowed,
    )
    tls = RenewableTls(TlsFiles(own.certificate, own.key, authority.certificate)).context
    client_tls = authority.client_context(shown)
    async with serving(make_app(sample_toolbox(), settings), [BASE], tls=tls, client_tls=client_tls) as client:
        return (await client.post(request("ping")))[0]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.mark.covers("T4", "W1")
async def test_envoys_certificate_is_served(authority: Authority) -> None:
    assert await ping(authority, authority.issue("gateway", "localhost", "envoy")) == 200


@pytest.mark.covers("S10", "T4")
@pytest.mark.parametrize("names", [("mcp-weather", "localhost"), ("envoy.evil",), ("xenvoy",), ("*.envoy",)])
async def test_another_services_certificate_is_answered_403(authority: Authority, names: tuple[str, ...]) -> None:
    assert await ping(authority, authority.issue(*names)) == 403


@pytest.mark.covers("S10")
async def test_a_common_name_of_envoy_is_not_enough(authority: Authority) -> None:
    """RFC 9525 section 6.3: only the subjectAltName counts; the first name here is also the common name."""
    assert await ping(authority, authority.issue("envoy"), allowed="gateway") == 403


@pytest.mark.covers("S10", "T4")
async def test_a_client_without_a_certificate_is_refused_by_the_handshake(authority: Authority) -> None:
    with pytest.raises((aiohttp.ClientError, ConnectionError)):
        await ping(authority, None)


@pytest.mark.covers("S10")
async def test_a_certificate_of_another_authority_is_refused_by_the_handshake(
    authority: Authority, tmp_path: Path
) -> None:
    with pytest.raises((aiohttp.ClientError, ConnectionError)):
        await ping(authority, Authority(tmp_path, "Foreign CA").issue("envoy"))


@pytest.mark.covers("S10")
async def test_an_expired_certificate_is_refused_by_the_handshake(authority: Authority) -> None:
    with pytest.raises((aiohttp.ClientError, ConnectionError)):
        await ping(authority, authority.issue("envoy", valid_for=timedelta(seconds=-1)))


@pytest.mark.covers("S10")
async def test_a_server_certificate_is_no_client_certificate(authority: Authority) -> None:
    with pytest.raises((aiohttp.ClientError, ConnectionError)):
        await ping(authority, authority.issue("envoy", use=SERVER))
