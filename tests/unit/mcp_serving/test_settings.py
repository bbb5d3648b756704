from pathlib import Path

import pytest
from mcp_serving.settings import ServerSettings, read_settings


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ServerSettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("listen", "host", "port"),
    [("127.0.0.1:8000", "127.0.0.1", 8000), ("[::1]:0", "::1", 0), ("mcp-weather:65535", "mcp-weather", 65535)],
)
def test_listen_is_an_address_and_a_port(monkeypatch: pytest.MonkeyPatch, listen: str, host: str, port: int) -> None:
    monkeypatch.setenv("LISTEN", listen)
    settings = read_settings(ServerSettings)
    assert (settings.host, settings.port) == (host, port)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LISTEN", "8000"),
        ("LISTEN", "127.0.0.1"),
        ("LISTEN", "127.0.0.1:70000"),
        ("LISTEN", "127.0.0.1:x"),
        ("LISTEN", "::1:8000:"),
        ("LISTEN", "http://127.0.0.1:8000"),
        ("LISTEN", ""),
        ("LOG_LEVEL", "LOUD"),
        ("TOOLS_BEYOND_SCOPES", "maybe"),
        ("TLS_CERT_FILE", "/nowhere/at-all.crt"),
    ],
)
def test_a_bad_value_stops_the_start_with_one_line_that_names_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as stopped:
        read_settings(ServerSettings)
    assert stopped.value.code == 2
    line = capsys.readouterr().err
    assert line.startswith(f"{name}: ")
    assert line.count("\n") == 1


def test_mutual_tls_needs_all_three_files(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("TLS_CERT_FILE", str(file))
    monkeypatch.setenv("TLS_CA_FILE", str(file))
    with pytest.raises(SystemExit):
        read_settings(ServerSettings)
    assert capsys.readouterr().err.startswith("TLS_KEY_FILE: must be set too")


def test_without_tls_files_the_server_speaks_plain_http() -> None:
    assert read_settings(ServerSettings).tls_files is None
