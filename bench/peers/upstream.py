"""The server behind other people's gateways: ``add`` by our own mcp-serving, open to all. It holds none of them up.

``python -m bench.peers.upstream`` serves; ``LISTEN`` says where.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from mcp_calculator import arithmetic
from mcp_serving import ServerInfo, ServerSettings, Tool, Toolbox, make_app, read_settings, serve

from bench.lab import Lab
from bench.processes import listens, started
from bench.tools import ROOT
from tests.support.ports import free_ports


@contextmanager
def open_server(lab: Lab) -> Iterator[int]:
    """Gives its port."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "bench.peers.upstream"]
    variables = {"LISTEN": f"127.0.0.1:{port}"}
    with started(command, lab.folder / "open-server.log", listens(port), environment=variables, folder=ROOT):
        yield port


def main() -> int:
    settings = read_settings(ServerSettings)
    info = ServerInfo(name="open", title="Open", version="1", instructions="For measurements.")
    return serve(make_app(Toolbox(info, scopes=[], tools=[Tool.of(arithmetic.add, title="Add")]), settings), settings)


if __name__ == "__main__":
    sys.exit(main())
