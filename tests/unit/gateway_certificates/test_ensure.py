"""What ends up in the certificates' directory, from nothing and from what a user or the years left there."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from gateway.certificates import CertificateError, ensure_certificates

from tests.support.certificates import certificate, names, usages

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
FILES = ("ca", "ext-authz", "gateway", "mcp-weather")


@pytest.fixture
def ensure(tmp_path: Path) -> Callable[..., list[str]]:
    """Run it on one directory; the result is what the user was told."""

    def run(*, days: int = 0, public_host: str = "localhost", renew: bool = False) -> list[str]:
        told: list[str] = []
        now = NOW + timedelta(days=days)
        ensure_certificates(tmp_path, public_host=public_host, renew=renew, now=now, tell=told.append)
        return told

    return run


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


@pytest.mark.covers("T1", "T2", "T3")
def test_empty_directory_gets_a_ca_and_three_certificates(ensure: Callable[..., list[str]], tmp_path: Path) -> None:
    assert ensure() == []
    assert set(contents(tmp_path)) == {f"{name}.{kind}" for name in FILES for kind in ("crt", "key")}
    assert certificate(tmp_path, "ca").subject.rfc4514_string() == "CN=MCP-Gateway-CA"
    assert certificate(tmp_path, "gateway").subject.rfc4514_string() == "CN=gateway"
    assert certificate(tmp_path, "mcp-weather").subject.rfc4514_string() == "CN=mcp-weather"
    assert names(tmp_path, "gateway") == {"localhost", "envoy", "127.0.0.1", "::1"}
    assert names(tmp_path, "mcp-weather") == {"mcp-weather", "localhost", "127.0.0.1", "::1"}
    assert names(tmp_path, "ext-authz") == {"ext-authz", "localhost", "127.0.0.1", "::1"}


@pytest.mark.covers("T4", "S10")
def test_only_the_gateways_certificate_may_be_a_client(ensure: Callable[..., list[str]], tmp_path: Path) -> None:
    ensure()
    assert usages(tmp_path, "gateway") == {"serverAuth", "clientAuth"}
    assert usages(tmp_path, "mcp-weather") == usages(tmp_path, "ext-authz") == {"serverAuth"}


@pytest.mark.covers("T1", "S20")
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_keys_are_0600_and_certificates_0644_whatever_the_umask(
    ensure: Callable[..., list[str]], tmp_path: Path, umask: int
) -> None:
    before = os.umask(umask)
    try:
        ensure()
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert {mode for name, mode in modes.items() if name.endswith(".key")} == {0o600}
    assert {mode for name, mode in modes.items() if name.endswith(".crt")} == {0o644}


def test_new_directory_is_0755(tmp_path: Path) -> None:
    ensure_certificates(tmp_path / "a" / "certs", public_host="localhost")
    assert (tmp_path / "a" / "certs").stat().st_mode & 0o777 == 0o755


def test_key_that_everybody_could_read_is_hidden_and_told(ensure: Callable[..., list[str]], tmp_path: Path) -> None:
    ensure()
    (tmp_path / "gateway.key").chmod(0o644)
    assert ["gateway.key" in sentence for sentence in ensure()] == [True]
    assert (tmp_path / "gateway.key").stat().st_mode & 0o007 == 0


def test_second_run_touches_nothing(ensure: Callable[..., list[str]], tmp_path: Path) -> None:
    ensure()
    before = contents(tmp_path)
    assert ensure(days=360) == []
    assert contents(tmp_path) == before


def test_validity_is_ten_years_for_the_ca_and_397_days_for_a_leaf(
    ensure: Callable[..., list[str]], tmp_path: Path
) -> None:
    ensure()
    ca, leaf = certificate(tmp_path, "ca"), certificate(tmp_path, "gateway")
    assert 3650 <= (ca.not_valid_after_utc - NOW).days <= 3653
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc == timedelta(days=397)
    assert leaf.not_valid_before_utc < NOW  # for a container whose clock is behind


@pytest.mark.covers("F15")
@pytest.mark.parametrize("days", [368, 400, 900])
def test_leaf_with_less_than_30_days_is_renewed_by_the_same_ca(
    ensure: Callable[..., list[str]], tmp_path: Path, days: int
) -> None:
    ensure()
    before = contents(tmp_path)
    ensure(days=days)
    after = contents(tmp_path)
    assert {name for name in before if before[name] == after[name]} == {"ca.crt", "ca.key"}
    assert certificate(tmp_path, "gateway").not_valid_after_utc > NOW + timedelta(days=days + 300)


def test_ca_near_its_end_is_renewed_with_its_key_and_told(ensure: Callable[..., list[str]], tmp_path: Path) -> None:
    ensure()
    before = contents(tmp_path)
    told = ensure(days=3640)
    assert len(told) == 1
    assert "give the new ca.crt to every client" in told[0]
    assert contents(tmp_path)["ca.key"] == before["ca.key"]
    assert certificate(tmp_path, "ca").not_valid_after_utc > NOW + timedelta(days=7000)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("gateway.example", "gateway.example"),
        ("Gateway.Example", "gateway.example"),
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("bücher.example", "xn--bcher-kva.example"),
    ],
)
def test_another_public_host_renews_only_the_gateways_certificate(
    ensure: Callable[..., list[str]], tmp_path: Path, host: str, name: str
) -> None:
    ensure()
    before = contents(tmp_path)
    ensure(public_host=host)
    after = contents(tmp_path)
    assert {file for file in before if before[file] != after[file]} == {"gateway.crt", "gateway.key"}
    assert name in names(tmp_path, "gateway")
    ensure(public_host=host)
    assert contents(tmp_path) == after


@pytest.mark.parametrize("lost", ["gateway.crt", "gateway.key"])
def test_half_a_pair_is_issued_anew(ensure: Callable[..., list[str]], tmp_path: Path, lost: str) -> None:
    ensure()
    (tmp_path / lost).unlink()
    ensure()
    assert (tmp_path / lost).exists()


def test_key_of_another_certificate_is_issued_anew(ensure: Callable[..., list[str]], tmp_path: Path) -> None:
    """As a start leaves it that was killed between the two writes."""
    ensure()
    (tmp_path / "gateway.key").write_bytes((tmp_path / "ext-authz.key").read_bytes())
    ensure()
    assert (tmp_path / "gateway.key").read_bytes() != (tmp_path / "ext-authz.key").read_bytes()


def test_renew_issues_every_leaf_and_keeps_the_ca(ensure: Callable[..., list[str]], tmp_path: Path) -> None:
    ensure()
    before = contents(tmp_path)
    ensure(renew=True)
    after = contents(tmp_path)
    assert {name for name in before if before[name] == after[name]} == {"ca.crt", "ca.key"}


@pytest.mark.parametrize("file", ["ca.crt", "ca.key", "gateway.crt", "gateway.key"])
@pytest.mark.parametrize(
    "content", [b"", b"not PEM", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_broken_file_is_named_with_the_mend_and_left_alone(
    ensure: Callable[..., list[str]], tmp_path: Path, file: str, content: bytes
) -> None:
    ensure()
    (tmp_path / file).write_bytes(content)
    before = contents(tmp_path)
    with pytest.raises(CertificateError, match=rf"/{file} cannot be read .*restore it, or remove"):
        ensure()
    assert contents(tmp_path) == before


def test_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "certs").write_text("a file")
    with pytest.raises(CertificateError, match=r"/certs cannot be made .*CERTS_DIR"):
        ensure_certificates(tmp_path / "certs", public_host="localhost")


def test_write_that_fails_is_told_and_leaves_nothing_behind(ensure: Callable[..., list[str]], tmp_path: Path) -> None:
    (tmp_path / "ca.crt").mkdir()
    with pytest.raises(CertificateError, match=r"/ca\.crt cannot be read"):
        ensure()
    (tmp_path / "ca.crt").rmdir()
    ensure()
    (tmp_path / "gateway.crt").unlink()
    (tmp_path / "gateway.crt").mkdir()
    with pytest.raises(CertificateError, match=r"/gateway\.crt"):
        ensure(renew=True)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
