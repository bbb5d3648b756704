"""What `mcp-gateway certs` knows about the files, and how it ends."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer
from gateway.certificates import ensure_certificates
from gateway.certificates.command import certs
from gateway.certificates.report import report
from typer.testing import CliRunner, Result

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def run(directory: Path, *arguments: str, **environment: str) -> Result:
    app = typer.Typer()
    app.command()(certs)
    return CliRunner().invoke(app, arguments, env={"CERTS_DIR": str(directory), "PUBLIC_URL": "", **environment})


@pytest.mark.covers("T1", "T2", "T3")
def test_good_certificates_are_reported_with_names_and_days(tmp_path: Path) -> None:
    ensure_certificates(tmp_path, public_host="localhost", now=NOW)
    rows = {row.file: row for row in report(tmp_path, "localhost", NOW)}
    assert list(rows) == ["ca.crt", "gateway.crt", "mcp-weather.crt", "ext-authz.crt"]
    gateway = rows["gateway.crt"]
    assert (gateway.subject, gateway.issuer, gateway.days_left) == ("gateway", "MCP-Gateway-CA", 396)
    assert gateway.expires == "2027-12-25T11:00:00Z"
    assert all(row.chain_ok and row.is_usable and row.problem is None for row in rows.values())


@pytest.mark.covers("F15")
def test_expired_certificate_is_reported_with_negative_days(tmp_path: Path) -> None:
    ensure_certificates(tmp_path, public_host="localhost", now=NOW)
    rows = list(report(tmp_path, "localhost", NOW + timedelta(days=400)))
    assert [row.is_usable for row in rows] == [True, False, False, False]
    assert rows[1].problem == "expired on 2027-12-25"
    assert rows[1].days_left < 0


def test_broken_file_does_not_hide_the_others(tmp_path: Path) -> None:
    ensure_certificates(tmp_path, public_host="localhost", now=NOW)
    (tmp_path / "gateway.key").write_text("not a key")
    rows = list(report(tmp_path, "localhost", NOW))
    assert [row.is_usable for row in rows] == [True, False, True, True]


def test_command_prints_json_and_ends_with_0(tmp_path: Path) -> None:
    ensure_certificates(tmp_path, public_host="localhost")
    done = run(tmp_path, "--json")
    assert done.exit_code == 0
    assert [row["file"] for row in json.loads(done.stdout)][:2] == ["ca.crt", "gateway.crt"]


def test_command_ends_with_1_where_one_is_missing_and_renew_mends_it(tmp_path: Path) -> None:
    before = run(tmp_path)
    assert (before.exit_code, "`make up` makes them" in before.stderr) == (1, True)
    assert run(tmp_path, "--renew").exit_code == 0
    assert "mcp-weather.crt" in run(tmp_path).stdout


def test_command_ends_with_1_where_the_public_host_is_not_covered(tmp_path: Path) -> None:
    ensure_certificates(tmp_path, public_host="localhost")
    done = run(tmp_path, PUBLIC_URL="https://gateway.example")
    assert done.exit_code == 1
    assert "does not stand for" in done.stdout


def test_broken_ca_key_is_one_sentence_and_no_traceback(tmp_path: Path) -> None:
    ensure_certificates(tmp_path, public_host="localhost")
    (tmp_path / "ca.key").write_text("not a key")
    done = run(tmp_path, "--renew")
    assert done.exit_code == 1
    assert len(done.stderr.splitlines()) == 1
    assert "ca.key cannot be read" in done.stderr
