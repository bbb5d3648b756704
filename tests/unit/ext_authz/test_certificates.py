"""Until when certificates are good, and what /health and /metrics make of it."""

import asyncio
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ext_authz import health as health_module
from ext_authz.certificates import Expiries, OwnCertificates, envoy_expiries
from ext_authz.grpc_server import Tls
from ext_authz.health import Health, NamedProbe, Report
from ext_authz.metrics import Metrics

from tests.support.certifying import Signer

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


async def up() -> Mapping[str, bool]:
    return {"envoy": True}


async def report(*known: Expiries) -> Report:
    async def ask(expiries: Expiries) -> Expiries:
        return expiries

    asking = [lambda expiries=expiries: ask(expiries) for expiries in known]
    return await Health([NamedProbe(("envoy",), up)], lambda: None, *asking, now=lambda: NOW).report()


@pytest.mark.covers("F15", "G8")
async def test_certificates_with_time_left_are_ok_and_nothing_is_said_of_them() -> None:
    body = (await report({"authorizer": NOW + timedelta(days=15)}, {"envoy": NOW + timedelta(days=300)})).body()
    assert body["status"] == "ok"
    assert body["components"]["certificates"] == "ok"
    assert "certificates" not in body


@pytest.mark.covers("F15")
async def test_one_that_is_about_to_expire_is_named_with_its_date_and_is_no_outage() -> None:
    made = await report({"authorizer": NOW + timedelta(days=300)}, {"envoy": NOW + timedelta(days=13)})
    assert made.down == []
    assert made.body() == {
        "status": "ok",
        "certificates": {"envoy": "2026-12-06T12:00:00Z"},
        "components": {"authorizer": "ok", "certificates": "expiring", "envoy": "ok", "policy": "ok"},
    }


@pytest.mark.covers("F15")
@pytest.mark.parametrize("component", ["authorizer", "envoy"])
async def test_an_expired_one_is_an_outage_of_what_shows_it(component: str) -> None:
    made = await report({component: NOW})
    assert made.down == [component]
    body = made.body()
    assert body["status"] == "unavailable"
    assert body["components"][component] == "down"
    assert body["components"]["certificates"] == "expired"
    assert body["certificates"] == {component: "2026-11-23T12:00:00Z"}


@pytest.mark.parametrize("fails", ["raises", "hangs"])
async def test_who_cannot_be_asked_about_certificates_hides_nobody_else_s(
    monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    monkeypatch.setattr(health_module, "PROBE_SECONDS", 0.02)

    async def failing() -> Expiries:
        if fails == "hangs":
            await asyncio.Event().wait()
        raise ValueError("no JSON")

    async def known() -> Expiries:
        return {"authorizer": NOW}

    made = await Health([NamedProbe(("envoy",), up)], lambda: None, failing, known, now=lambda: NOW).report()
    assert made.down == ["authorizer"]


def written(folder: Path, *, own_days: float, cas: tuple[Signer, ...] = ()) -> OwnCertificates:
    signer = cas[0] if cas else Signer()
    leaf = signer.leaf("ext-authz", valid_for=timedelta(days=own_days))
    tls = Tls(folder / "own.crt", folder / "own.key", folder / "ca.crt")
    tls.certificate.write_bytes(leaf.certificate)
    tls.ca.write_bytes(b"".join(ca.pem for ca in cas or (signer,)))
    return OwnCertificates(tls)


@pytest.mark.covers("F15")
def test_what_ends_first_of_certificate_and_ca_counts(tmp_path: Path) -> None:
    """The test's CAs are good for a day."""
    for own_days, expected in ((0.5, 0.5), (3, 1)):
        left = written(tmp_path, own_days=own_days).expiries()["authorizer"] - datetime.now(UTC)
        assert abs(left - timedelta(days=expected)) < timedelta(minutes=5)


@pytest.mark.covers("F16")
def test_an_expired_ca_beside_a_good_one_takes_nothing_away(tmp_path: Path) -> None:
    good = Signer()
    own = written(tmp_path, own_days=0.5, cas=(good,))
    former = Signer("Former").leaf("former", valid_for=timedelta(days=-0.5)).certificate
    with (tmp_path / "ca.crt").open("ab") as file:
        file.write(former)
    assert own.expiries()["authorizer"] > datetime.now(UTC)


@pytest.mark.covers("F15")
def test_metrics_give_the_expiry_as_unix_time_of_the_files_as_they_are_now(tmp_path: Path) -> None:
    metrics = Metrics()
    metrics.certificates(written(tmp_path, own_days=0.5).gauges())
    before = exposed(metrics)
    written(tmp_path, own_days=0.25)
    after = exposed(metrics)
    assert 43000 < before["own"] - datetime.now(UTC).timestamp() < 43300
    assert before["own"] - after["own"] == pytest.approx(21600, abs=60)
    assert after["ca"] > after["own"]


def test_files_that_cannot_be_read_give_no_expiry_rather_than_a_wrong_one(tmp_path: Path) -> None:
    own = written(tmp_path, own_days=1)
    (tmp_path / "own.crt").write_text("half a file")
    (tmp_path / "ca.crt").unlink()
    metrics = Metrics()
    metrics.certificates(own.gauges())
    assert own.expiries() == {}
    assert b'{certificate="own"} NaN' in metrics.exposition()


def exposed(metrics: Metrics) -> dict[str, float]:
    found = re.findall(r'expiry_timestamp_seconds\{certificate="(\w+)"\} (\S+)', metrics.exposition().decode())
    return {name: float(value) for name, value in found}


@pytest.mark.covers("F15")
def test_of_envoy_the_first_that_ends_counts_and_cas_do_not() -> None:
    def entry(expires: str) -> dict[str, Any]:
        return {"expiration_time": expires}

    certs = {
        "certificates": [
            {"ca_cert": [entry("2026-11-24T00:00:00Z")], "cert_chain": [entry("2027-03-01T00:00:00Z")]},
            {"cert_chain": [entry("2027-01-01T00:00:00Z"), entry("2030-01-01T00:00:00Z")]},
        ]
    }
    assert envoy_expiries(certs) == {"envoy": datetime(2027, 1, 1, tzinfo=UTC)}
    assert envoy_expiries({}) == {}
