"""Another CA in the place of ours: after each step everything that anybody trusts still works."""

from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError
from gateway.certificates import CertificateError, ensure_certificates
from gateway.certificates.files import Pair, read_certificates, read_key
from gateway.certificates.report import report
from gateway.certificates.rotating import Rotation, rotate_ca

from tests.support.certificates import certificate

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LEAVES = ("gateway", "mcp-weather", "ext-authz")


@pytest.fixture
def certs(tmp_path: Path) -> Path:
    ensure_certificates(tmp_path, public_host="localhost", now=NOW)
    return tmp_path


def rotate(certs: Path, *steps: Rotation) -> list[str]:
    told: list[str] = []
    for step in steps:
        rotate_ca(certs, step, public_host="localhost", tell=told.append, now=NOW)
    return told


def trusted(certs: Path) -> list[x509.Certificate]:
    return read_certificates(Pair(certs, "ca"))


def is_trusted(leaf: x509.Certificate, authorities: list[x509.Certificate]) -> bool:
    verifier = PolicyBuilder().store(Store(authorities)).time(NOW).build_server_verifier(x509.DNSName("localhost"))
    try:
        verifier.verify(leaf, [])
    except VerificationError:
        return False
    return True


def contents(certs: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in certs.iterdir()}


@pytest.mark.covers("F16", "T1")
def test_whoever_is_one_step_behind_trusts_and_is_trusted_all_the_way(certs: Path) -> None:
    """A program that read ca.crt before a step meets one that has its certificate from after it, and the reverse."""
    states = [(trusted(certs), {name: certificate(certs, name) for name in LEAVES})]
    for step in Rotation:
        rotate(certs, step)
        states.append((trusted(certs), {name: certificate(certs, name) for name in LEAVES}))
        for (authorities, _), (_, shown) in product(states[-2:], repeat=2):
            assert all(is_trusted(leaf, authorities) for leaf in shown.values()), step
    first, last = states[0], states[-1]
    assert [len(authorities) for authorities, _ in states] == [1, 2, 2, 1]
    assert not any(is_trusted(leaf, first[0]) for leaf in last[1].values())
    assert not any(is_trusted(leaf, last[0]) for leaf in first[1].values())


@pytest.mark.covers("F16")
def test_adding_signs_nothing_and_using_keeps_a_way_back(certs: Path) -> None:
    before = contents(certs)
    assert "signs nothing yet" in rotate(certs, Rotation.ADD)[0]
    assert {name for name, content in before.items() if contents(certs)[name] != content} == {"ca.crt"}
    assert (certs / "ca-next.key").stat().st_mode & 0o777 == 0o600
    rotate(certs, Rotation.USE)
    assert contents(certs)["ca-old.key"] == before["ca.key"]
    assert not (certs / "ca-next.key").exists()
    (certs / "ca-old.key").replace(certs / "ca.key")
    ensure_certificates(certs, public_host="localhost", renew=True, now=NOW)
    old = x509.load_pem_x509_certificate(before["ca.crt"])
    assert all(is_trusted(certificate(certs, name), [old]) for name in LEAVES)


@pytest.mark.covers("F16")
def test_dropping_leaves_one_ca_and_its_key_alone(certs: Path) -> None:
    rotate(certs, *Rotation)
    assert {name for name in contents(certs) if name.startswith("ca")} == {"ca.crt", "ca.key"}
    key = read_key(Pair(certs, "ca"))
    assert key is not None
    assert trusted(certs)[0].public_key() == key.public_key()


@pytest.mark.covers("F16")
def test_a_start_half_way_changes_nothing_and_each_step_may_be_repeated(certs: Path) -> None:
    for step in (Rotation.ADD, Rotation.DROP):
        rotate(certs, *([Rotation.USE] if step is Rotation.DROP else []), step)
        after = contents(certs)
        rotate(certs, step)
        ensure_certificates(certs, public_host="localhost", now=NOW)
        assert contents(certs) == after


@pytest.mark.covers("F16")
def test_a_crash_between_key_and_certificate_is_made_good_by_the_same_step(certs: Path) -> None:
    alone = (certs / "ca.crt").read_bytes()
    rotate(certs, Rotation.ADD)
    (certs / "ca.crt").write_bytes(alone)
    with pytest.raises(CertificateError, match="add one first"):
        rotate(certs, Rotation.USE)
    rotate(certs, Rotation.ADD, Rotation.USE)
    assert len(trusted(certs)) == 2


@pytest.mark.covers("F16")
def test_a_crash_before_all_certificates_were_issued_is_made_good_by_the_same_step(certs: Path) -> None:
    before = contents(certs)
    rotate(certs, Rotation.ADD, Rotation.USE)
    for name in ("ext-authz.crt", "ext-authz.key"):
        (certs / name).write_bytes(before[name])
    rotate(certs, Rotation.USE)
    rotate(certs, Rotation.DROP)
    assert all(is_trusted(certificate(certs, name), trusted(certs)) for name in LEAVES)


def test_the_old_ca_cannot_be_dropped_while_a_certificate_needs_it(certs: Path) -> None:
    old = {name: (certs / name).read_bytes() for name in ("mcp-weather.crt", "mcp-weather.key")}
    rotate(certs, Rotation.ADD, Rotation.USE)
    for name, content in old.items():
        (certs / name).write_bytes(content)
    with pytest.raises(CertificateError, match=r"mcp-weather\.crt still needs another CA"):
        rotate(certs, Rotation.DROP)
    assert len(trusted(certs)) == 2


@pytest.mark.parametrize("step", Rotation)
def test_a_ca_without_its_key_here_is_not_replaced_here(certs: Path, step: Rotation) -> None:
    (certs / "ca.key").unlink()
    before = contents(certs)
    with pytest.raises(CertificateError, match="are not both there"):
        rotate(certs, step)
    assert contents(certs) == before


def test_using_before_adding_is_told(certs: Path) -> None:
    with pytest.raises(CertificateError, match="add one first"):
        rotate(certs, Rotation.USE)


def test_the_table_shows_both_while_there_are_two(certs: Path) -> None:
    rotate(certs, Rotation.ADD)
    rows = list(report(certs, "localhost", NOW))
    assert [row.file for row in rows] == ["ca.crt", "ca.crt", "gateway.crt", "mcp-weather.crt", "ext-authz.crt"]
    assert all(row.is_usable and row.chain_ok for row in rows)


@pytest.mark.covers("F15")
def test_an_ageing_ca_of_ours_is_renewed_beside_the_next_one(certs: Path) -> None:
    rotate(certs, Rotation.ADD)
    following = trusted(certs)[1]
    later = trusted(certs)[0].not_valid_after_utc
    told: list[str] = []
    ensure_certificates(certs, public_host="localhost", now=later, tell=told.append)
    assert len(told) == 1
    assert trusted(certs)[1] == following
    assert trusted(certs)[0].not_valid_after_utc > later
