"""From the name to the certificate: each thing that can be wrong there is told apart from the others."""

import asyncio
import socket
import ssl
import warnings
from collections.abc import Callable
from datetime import timedelta

import pytest
from gateway.certificates.issuing import Authority, issue_ca, new_key
from gateway.doctor.examine import examine
from gateway.doctor.findings import Level
from gateway.doctor.target import parse_target

from tests.integration.doctor.conftest import Examine, by_step, everything
from tests.support.fake_mcp_server import MCP, FakeServer, Pki, Reply, running_fake
from tests.support.ports import free_ports

DAY = timedelta(days=1)


def another_ca(pki: Pki) -> ssl.SSLContext:
    key = new_key()
    return pki.server(by=Authority(issue_ca(key, pki.now), key))


CERTIFICATES: dict[str, tuple[Callable[[Pki], ssl.SSLContext], Level, str, str]] = {
    "expired": (lambda pki: pki.server(age=400 * DAY), Level.FAILURE, "expired on", "renew it"),
    "not yet valid": (lambda pki: pki.server(age=-9 * DAY), Level.FAILURE, "not valid yet", "clock"),
    "soon to expire": (lambda pki: pki.server(age=390 * DAY), Level.WARNING, "expires in 6 days", "renew it"),
    "for another name": (
        lambda pki: pki.server("other.example"),
        Level.FAILURE,
        "is for other.example, not for localhost",
        "names localhost",
    ),
    "self-signed": (lambda pki: pki.self_signed(), Level.FAILURE, "self-signed", "--ca FILE"),
    "of another CA of ours": (another_ca, Level.FAILURE, "another MCP-Gateway-CA than ours", "certs/ca.crt: --ca FILE"),
}


@pytest.mark.parametrize(("made", "level", "cause", "fix"), CERTIFICATES.values(), ids=CERTIFICATES)
async def test_a_bad_certificate_is_told_apart_from_other_bad_ones(
    fully: Examine, pki: Pki, made: Callable[[Pki], ssl.SSLContext], level: Level, cause: str, fix: str
) -> None:
    found = await fully(context=made(pki))
    (finding,) = found["certificate"]
    assert (finding.level, cause in finding.text, fix in str(finding.fix)) == (level, True, True), finding
    if level is Level.FAILURE:
        assert {f.level for f in found["challenge"]} == {Level.NOT_CHECKED}
        assert found["token"][0].text == "the certificate is not trusted"


async def test_nothing_is_sent_to_a_server_whose_certificate_is_not_trusted(pki: Pki) -> None:
    async with running_fake(pki.self_signed()) as fake:
        await examine(parse_target(fake.url), everything(pki, fake))
        assert fake.seen == []


async def test_a_server_that_also_speaks_old_tls_gets_a_warning(fully: Examine, pki: Pki) -> None:
    (finding,) = (await fully(context=with_old_tls(pki.server())))["tls"]
    assert finding.level is Level.WARNING
    assert "also accepts TLS 1.1 or older" in finding.text
    assert "TLS 1.2" in str(finding.fix)


async def test_a_server_that_speaks_only_old_tls_fails(fully: Examine, pki: Pki) -> None:
    (finding,) = (await fully(context=with_old_tls(pki.server(), only=True)))["tls"]
    assert (finding.level, finding.text) == (Level.FAILURE, "speaks only TLS 1.1 or older")


async def test_a_server_without_http2_gets_a_warning(fully: Examine, pki: Pki) -> None:
    context = pki.server()
    context.set_alpn_protocols(["http/1.1"])
    (finding,) = (await fully(context=context))["http2"]
    assert (finding.level, finding.text) == (Level.WARNING, "not offered, only HTTP/1.1")


async def test_a_port_that_speaks_no_tls_fails_and_ends_the_walk(pki: Pki) -> None:
    async with running_fake(None) as fake:
        found = by_step(await examine(parse_target(fake.url), everything(pki, fake)))
    assert found["tls"][0].level is Level.FAILURE
    assert found["tls"][0].text == "what listens there does not speak TLS"
    assert found["certificate"][0].text == found["http2"][0].text == "there is no TLS connection"


async def test_a_closed_port_fails_and_ends_the_walk(pki: Pki) -> None:
    (port,) = free_ports(1)
    fake = FakeServer(port)
    found = by_step(await examine(parse_target(fake.url), everything(pki, fake)))
    assert found["tcp"][0].level is Level.FAILURE
    assert "start the server" in str(found["tcp"][0].fix)
    later = [findings for step, findings in found.items() if step not in ("dns", "tcp")]
    assert {f.text for findings in later for f in findings} == {f"nothing accepts connections at localhost:{port}"}


async def test_an_unknown_host_fails_and_ends_the_walk(pki: Pki) -> None:
    """`.invalid` never resolves (RFC 6761 §6.4)."""
    options = everything(pki, FakeServer(1))
    found = by_step(await examine(parse_target("https://gateway.invalid/mcp"), options))
    assert found["dns"][0].level is Level.FAILURE
    assert "check the spelling" in str(found["dns"][0].fix)
    assert {f.text for step, fs in found.items() if step != "dns" for f in fs} == {"the name has no address"}


async def test_plain_http_on_this_machine_is_examined_and_elsewhere_refused(pki: Pki) -> None:
    async with running_fake(None) as fake:
        url = f"http://localhost:{fake.port}{MCP}"
        found = by_step(await examine(parse_target(url), everything(pki, fake)))
    assert found["tls"][0].text == "plain http, which never leaves this machine"
    assert found["token"][0].level is Level.OK


@pytest.mark.parametrize(
    ("status", "location", "level", "cause"),
    [
        (308, "https://localhost:{port}/mcp/fake", Level.OK, "keeps a POST"),
        (307, "https://localhost:{port}/mcp/fake", Level.OK, "keeps a POST"),
        (301, "https://localhost:{port}/mcp/fake", Level.FAILURE, "turns a POST into a GET"),
        (308, "https://evil.example/mcp/fake", Level.FAILURE, "sends to https://evil.example/mcp/fake, not to"),
        (401, "", Level.FAILURE, "answers 401 in the clear"),
        (426, "", Level.OK, "refuses (426)"),
    ],
)
async def test_the_plain_port_keeps_a_post_a_post(
    pki: Pki, status: int, location: str, level: Level, cause: str
) -> None:
    async with running_fake(pki.server()) as fake:
        there = location.format(port=fake.port)
        async with running_fake(None, lambda q, r: Reply(status, None, {"Location": there} if there else {})) as plain:
            options = everything(pki, fake, http_port=plain.port)
            (finding,) = by_step(await examine(parse_target(fake.url), options))["redirect"]
            assert "Authorization" not in plain.seen[0][2], "the token would be readable on the way"
    assert (finding.level, cause in finding.text) == (level, True), finding


async def test_a_handshake_that_never_ends_is_given_up(pki: Pki) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        fake = FakeServer(silent.getsockname()[1])
        options = everything(pki, fake, step_seconds=0.2)
        found = by_step(await asyncio.wait_for(examine(parse_target(fake.url), options), 30))
    assert found["tls"][0].text == "no TLS handshake (no answer in time)"


def with_old_tls(context: ssl.SSLContext, *, only: bool = False) -> ssl.SSLContext:
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        if only:
            context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context
