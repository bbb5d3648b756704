"""A user who brings a CA of their own keeps it, and whatever it signed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from gateway.certificates import CertificateError, ensure_certificates
from gateway.certificates.leaves import leaves

from tests.support.certificates import certificate, foreign_authority, put_authority, put_leaf, put_leaves

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
START = NOW - timedelta(days=1)


def ensure(directory: Path, *, days: int = 0, public_host: str = "localhost") -> list[str]:
    told: list[str] = []
    ensure_certificates(directory, public_host=public_host, now=NOW + timedelta(days=days), tell=told.append)
    return told


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_own_ca_with_its_key_signs_the_leaves(tmp_path: Path) -> None:
    own = foreign_authority("Example CA", START, 3000)
    put_authority(tmp_path, own, with_key=True)
    before = contents(tmp_path)
    assert ensure(tmp_path) == []
    assert certificate(tmp_path, "gateway").issuer == own.certificate.subject
    assert {name: contents(tmp_path)[name] for name in before} == before


def test_own_ca_put_over_ours_has_the_leaves_issued_anew(tmp_path: Path) -> None:
    ensure(tmp_path)
    own = foreign_authority("Example CA", START, 3000)
    put_authority(tmp_path, own, with_key=True)
    ensure(tmp_path)
    assert certificate(tmp_path, "mcp-weather").issuer == own.certificate.subject


def test_own_leaves_without_the_cas_key_are_fine(tmp_path: Path) -> None:
    own = foreign_authority("Example CA", START, 3000)
    put_authority(tmp_path, own, with_key=False)
    put_leaves(tmp_path, "localhost", own, NOW)
    before = contents(tmp_path)
    assert ensure(tmp_path) == []
    assert contents(tmp_path) == before


def test_own_leaves_below_an_intermediate_ca_are_fine(tmp_path: Path) -> None:
    root = foreign_authority("Example Root", START, 3000)
    intermediate = foreign_authority("Example Issuing CA", START, 2000, parent=root)
    put_authority(tmp_path, root, with_key=False)
    put_leaves(tmp_path, "localhost", intermediate, NOW)
    for leaf in leaves("localhost"):
        with (tmp_path / f"{leaf.name}.crt").open("ab") as file:
            file.write(intermediate.certificate.public_bytes(Encoding.PEM))
    assert ensure(tmp_path) == []


@pytest.mark.parametrize(
    ("days", "public_host", "phrase"),
    [(0, "gateway.example", "does not stand for gateway.example"), (398, "localhost", "expired on 2027-12-25")],
)
def test_own_leaf_that_no_longer_fits_is_told_and_kept(
    tmp_path: Path, days: int, public_host: str, phrase: str
) -> None:
    own = foreign_authority("Example CA", START, 3000)
    put_authority(tmp_path, own, with_key=False)
    put_leaves(tmp_path, "localhost", own, NOW)
    before = contents(tmp_path)
    with pytest.raises(CertificateError, match=rf"gateway\.crt: .*{phrase}.* there is no ca\.key"):
        ensure(tmp_path, days=days, public_host=public_host)
    assert contents(tmp_path) == before


def test_own_leaf_that_expires_soon_is_told_and_used(tmp_path: Path) -> None:
    own = foreign_authority("Example CA", START, 3000)
    put_authority(tmp_path, own, with_key=False)
    put_leaves(tmp_path, "localhost", own, NOW)
    told = ensure(tmp_path, days=380)
    assert len(told) == 3
    assert all("expires on 2027-12-25" in sentence for sentence in told)


def test_own_ca_that_expires_soon_is_told_and_kept(tmp_path: Path) -> None:
    put_authority(tmp_path, foreign_authority("Example CA", START, 20), with_key=True)
    before = contents(tmp_path)
    assert any("replace it before that" in sentence for sentence in ensure(tmp_path))
    assert {name: contents(tmp_path)[name] for name in before} == before


def test_leaf_of_an_unknown_ca_is_never_overwritten(tmp_path: Path) -> None:
    """Somebody put it there on purpose, even if it can be of no use."""
    ensure(tmp_path)
    elsewhere = foreign_authority("Elsewhere", START, 3000)
    put_leaf(tmp_path, leaves("localhost")[0], elsewhere, NOW)
    before = contents(tmp_path)
    with pytest.raises(CertificateError, match=r"gateway\.crt: it was issued by Elsewhere"):
        ensure(tmp_path)
    assert contents(tmp_path) == before


@pytest.mark.covers("T1")
def test_ca_key_is_never_replaced(tmp_path: Path) -> None:
    ensure(tmp_path)
    for lost, phrase in (("ca.crt", "ca.crt is not"), ("ca.key", "no ca.key")):
        kept = (tmp_path / lost).read_bytes()
        (tmp_path / lost).unlink()
        before = contents(tmp_path)
        with pytest.raises(CertificateError, match=phrase):
            ensure(tmp_path, public_host="gateway.example")
        assert contents(tmp_path) == before
        (tmp_path / lost).write_bytes(kept)


def test_ca_key_that_does_not_belong_to_the_certificate_is_told(tmp_path: Path) -> None:
    ensure(tmp_path)
    (tmp_path / "ca.key").write_bytes((tmp_path / "gateway.key").read_bytes())
    with pytest.raises(CertificateError, match=r"ca\.key is not the key of"):
        ensure(tmp_path)


def test_impostors_ca_of_the_same_name_does_not_pass(tmp_path: Path) -> None:
    """A leaf of another MCP-Gateway-CA (an earlier one, say) is issued anew, not trusted by its issuer's name."""
    ensure(tmp_path)
    put_leaf(tmp_path, leaves("localhost")[0], foreign_authority("MCP-Gateway-CA", START, 3000), NOW)
    before = contents(tmp_path)["gateway.crt"]
    ensure(tmp_path)
    assert contents(tmp_path)["gateway.crt"] != before
