"""The scripted gateway once more, with the project's own two servers behind it, each a process of its own."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.attacks.http1 import Door
from tests.attacks.scripted import ScriptedGateway
from tests.support.own_servers import serving
from tests.support.recorder import RecordingGateway, native_envoy, settings_beside


@dataclass(frozen=True)
class ServedGateway:
    """A second door beside ``scripted``, which answers for the tokens."""

    scripted: ScriptedGateway
    gateway: RecordingGateway
    folder: Path
    calculator: psutil.Process

    @property
    def door(self) -> Door:
        return self.gateway.settings.https_port, self.scripted.recording.stack.ca

    def calculator_cpu_seconds(self) -> float:
        """Which the calculator has used since it began, in all its threads; in steps of 10 ms. It has no children."""
        used = self.calculator.cpu_times()
        return float(used.user + used.system)

    def logs(self) -> dict[str, str]:
        names = ("envoy", "mcp-weather", "mcp-calculator")
        return {name: (self.folder / f"{name}.log").read_text(errors="replace") for name in names}


@contextmanager
def served_gateway(scripted: ScriptedGateway, folder: Path) -> Iterator[ServedGateway]:
    stack = scripted.recording.stack
    settings = settings_beside(stack, folder)
    certs = stack.settings.certs_dir
    tls = {
        "TLS_CERT_FILE": str(certs / "mcp-weather.crt"),
        "TLS_KEY_FILE": str(certs / "mcp-weather.key"),
        "TLS_CA_FILE": str(certs / "ca.crt"),
    }
    weather = [sys.executable, "-m", "mcp_weather"]
    calculator = [sys.executable, "-m", "mcp_calculator"]
    weather_log, calculator_log = folder / "mcp-weather.log", folder / "mcp-calculator.log"
    with (
        serving(
            weather,
            settings.weather_port,
            weather_log,
            LISTEN=f"127.0.0.1:{settings.weather_port}",
            WEATHER_PROVIDER="offline",
            **tls,
        ),
        serving(
            calculator, settings.calculator_port, calculator_log, LISTEN=f"127.0.0.1:{settings.calculator_port}"
        ) as calculator_id,
        native_envoy(settings, folder),
    ):
        yield ServedGateway(scripted, RecordingGateway(settings, stack), folder, psutil.Process(calculator_id))
