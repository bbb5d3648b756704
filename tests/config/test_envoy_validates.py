"""Envoy itself accepts the configuration, as the native runner renders it from the committed file."""

import subprocess
from pathlib import Path

import pytest
from gateway.certificates import ensure_certificates
from gateway.runner.envoy import envoy_binary
from gateway.runner.topology import write_topology
from gateway.settings import Settings

from tests.support.stack import ROOT


@pytest.mark.covers("K1", "G1", "G2", "G3")
@pytest.mark.parametrize("public_url", ["", "https://mcp.example.org", "https://mcp.example.org:9443"])
def test_envoy_validates_what_the_runner_renders(tmp_path: Path, public_url: str) -> None:
    ensure_certificates(tmp_path / "certs", public_host="localhost")
    settings = Settings(
        home=ROOT, certs_dir=tmp_path / "certs", state_dir=tmp_path, public_url=public_url, bind_address="127.0.0.1"
    )
    done = subprocess.run(
        [str(envoy_binary()), "--mode", "validate", "--log-level", "warning", "-c", str(write_topology(settings))],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "deprecated" not in done.stderr.lower()
    assert "warning" not in done.stderr.lower()
