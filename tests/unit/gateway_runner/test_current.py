"""Commands beside a gateway that runs: it may have been given other options than they were."""

from pathlib import Path

import pytest
from gateway.doctor.command import plain_port_of_ours
from gateway.doctor.target import parse_target
from gateway.runner.current import load_current_settings
from gateway.runner.state import StackState, this_process, write_state
from gateway.settings import Settings


@pytest.fixture
def state_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("PUBLIC_URL", *(name.upper() for name in Settings.model_fields if name.endswith("_port"))):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("STATE_DIR", str(tmp_path))
    return tmp_path


def _runs(state_dir: Path, **ports: int) -> None:
    where = {"public_url": "https://localhost:9443", "ca_file": str(state_dir / "certs" / "ca.crt")}
    write_state(state_dir, StackState(supervisor=this_process(), ports=ports, **where))  # type: ignore[arg-type]


@pytest.mark.usefixtures("state_dir")
def test_without_one_that_runs_they_are_the_environments() -> None:
    settings = load_current_settings()
    assert (settings.origin, settings.https_port, settings.http_port) == ("https://localhost:8443", 8443, 8088)


def test_the_options_of_up_are_known_to_later_commands(state_dir: Path) -> None:
    _runs(state_dir, https_port=9443, http_port=9080)
    settings = load_current_settings()
    assert (settings.origin, settings.https_port, settings.http_port) == ("https://localhost:9443", 9443, 9080)
    assert settings.certs_dir == state_dir / "certs"
    assert plain_port_of_ours(parse_target("https://localhost:9443/mcp/weather"), settings) == 9080
    assert plain_port_of_ours(parse_target("https://localhost:9444/mcp/weather"), settings) is None


def test_ports_that_were_swapped_stay_apart(state_dir: Path) -> None:
    _runs(state_dir, https_port=9443, http_port=8081, dashboard_port=8082)
    settings = load_current_settings()
    assert (settings.http_port, settings.dashboard_port) == (8081, 8082)


def test_what_an_older_version_did_not_write_is_the_environments(state_dir: Path) -> None:
    _runs(state_dir)
    settings = load_current_settings()
    assert (settings.origin, settings.https_port, settings.http_port) == ("https://localhost:9443", 8443, 8088)


def test_a_variable_that_says_the_same_place_hides_no_port(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _runs(state_dir, https_port=9443, http_port=9080)
    monkeypatch.setenv("HTTPS_PORT", "9443")
    assert load_current_settings().http_port == 9080
    monkeypatch.setenv("HTTP_PORT", "7080")
    assert load_current_settings().http_port == 7080


def test_whoever_says_where_means_it(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _runs(state_dir, https_port=9443, http_port=9080)
    monkeypatch.setenv("HTTPS_PORT", "7443")
    assert load_current_settings().origin == "https://localhost:7443"
    assert load_current_settings().http_port == 8088
