"""A second Envoy with the committed configuration, in front of a server whose tools take their time.

The server stands where the calculator would, under the calculator's name, and its tools have names that the policy
knows of the calculator. ``python -m tests.support.serving_behind_envoy`` runs it.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from mcp_serving import ServerInfo, ServerSettings, Tool, Toolbox, make_app, read_settings, serve

from tests.support.own_servers import serving
from tests.support.recorder import RecordingGateway, RecordingServer, mutual_tls, native_envoy, settings_beside
from tests.support.serving_sample import big, count, wait
from tests.support.stack import Stack

WAIT, COUNT, BIG = "add", "subtract", "multiply"
KEEP_ALIVE_S = 0.2


def slow_toolbox() -> Toolbox:
    info = ServerInfo(name="mcp-calculator", title="Slow", version="1", instructions="For tests.")
    tools = {WAIT: Tool.of(wait, title="Wait"), COUNT: Tool.of(count, title="Count"), BIG: Tool.of(big, title="Big")}
    named = [replace(tool, name=name) for name, tool in tools.items()]
    return Toolbox(info, scopes=["mcp:calculator"], tools=named)


@contextmanager
def slow_gateway(stack: Stack, folder: Path) -> Iterator[RecordingGateway]:
    """The door with the slow server behind it; what stands in for the weather server only answers health checks."""
    gateway = RecordingGateway(settings_beside(stack, folder), stack)
    port = gateway.settings.calculator_port
    command = [sys.executable, "-m", "tests.support.serving_behind_envoy"]
    weather = RecordingServer("weather", gateway, mutual_tls(stack.settings.certs_dir))
    try:
        with (
            serving(command, port, folder / "slow.log", LISTEN=f"127.0.0.1:{port}"),
            native_envoy(gateway.settings, folder),
        ):
            yield gateway
    finally:
        weather.shutdown()
        weather.server_close()


def main() -> int:
    settings = read_settings(ServerSettings)
    return serve(make_app(slow_toolbox(), settings, keep_alive_seconds=KEEP_ALIVE_S), settings)


if __name__ == "__main__":
    sys.exit(main())
