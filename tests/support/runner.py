"""Small real processes for tests of the native runner, and settings that keep it away from anything else."""

import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gateway.runner.board import Board
from gateway.runner.component import Component, Probe
from gateway.runner.state import ComponentState, StackState, this_process
from gateway.settings import Settings

from tests.support.ports import free_ports

ROOT = Path(__file__).resolve().parents[2]

# A component in miniature: writes its id where the test finds it, then answers every GET with 200 (or with what the
# file beside it says) until it is told to stop.
SERVER = """
import http.server, os, pathlib, signal, sys
port, folder, *how = sys.argv[1:]
folder = pathlib.Path(folder)
with (folder / "pids").open("a") as pids:
    pids.write(f"{os.getpid()}\\n")
(folder / "wrote").touch()
print("a line of the log", flush=True)
if "dies" in how:
    print("the reason why", flush=True)
    sys.exit(7)
if "stays-silent" in how:
    signal.pause()
if "ignores-sigterm" in how:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if "dies-if-restarted" in how and len((folder / "pids").read_text().split()) == 2:
    sys.exit(8)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503 if (folder / "unwell").exists() else 200)
        self.end_headers()
    def log_message(self, *args):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()
"""


def fake_component(name: str, folder: Path, port: int, *how: str, **more: Any) -> Component:
    """A component that is a `SERVER` with its files in `folder`/`name`."""
    own = folder / name
    own.mkdir(parents=True, exist_ok=True)
    argv = (sys.executable, "-c", SERVER, str(port), str(own), *how)
    return Component(name=name, argv=argv, ready=Probe(f"http://127.0.0.1:{port}/"), **more)


def pids_of(folder: Path, name: str) -> list[int]:
    """The process ids that a fake component has had so far, oldest first."""
    written = folder / name / "pids"
    return [int(line) for line in written.read_text().split()] if written.exists() else []


def a_board(*components: Component) -> Board:
    """A board for these components, with nobody listening."""
    state = StackState(supervisor=this_process(), components=[ComponentState(name=one.name) for one in components])
    return Board(state, [])


def settings_in(folder: Path, **more: Any) -> Settings:
    """Settings with files in `folder` and ports that are free."""
    names = [name for name in Settings.model_fields if name.endswith("_port")]
    ports: dict[str, Any] = dict(zip(names, free_ports(len(names)), strict=True))
    places = {"state_dir": folder / "state", "cache_dir": folder / "cache", "certs_dir": folder / "certs"}
    return Settings(**({"home": ROOT} | places | ports | more))


def poll(deadline: float = 20.0, every: float = 0.05) -> Iterator[None]:
    """Yields until `deadline` seconds are over, then fails: `for _ in poll(): if …: break`."""
    last = time.monotonic() + deadline
    waiter = socket.socketpair()
    with waiter[0], waiter[1]:
        waiter[0].settimeout(every)
        while time.monotonic() < last:
            yield
            try:
                waiter[0].recv(1)
            except TimeoutError:
                continue
    raise AssertionError(f"not within {deadline} s")


def eventually(condition: Callable[[], object], deadline: float = 20.0) -> None:
    """Returns as soon as `condition` holds; fails where it does not within `deadline` seconds."""
    for _ in poll(deadline):
        if condition():
            return
