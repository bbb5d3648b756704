"""The choice of gRPC's I/O engine is made in time, and this release of gRPC knows it."""

import os
import subprocess
import sys

from ext_authz.grpc_engine import IOMGR, VARIABLE

# What an import of the program finds set when gRPC is about to be loaded
WATCH = f"""
import os, sys

class Watch:
    def find_spec(self, name, *_):
        if name == "grpc":
            print("loading gRPC with", os.environ.get({VARIABLE!r}))

sys.meta_path.insert(0, Watch())
import ext_authz.__main__
"""
SERVE = """
import asyncio, ext_authz.grpc_engine, grpc

async def main():
    server = grpc.aio.server()
    server.add_insecure_port("127.0.0.1:0")
    await server.start()
    await server.stop(None)

asyncio.run(main())
"""


def _run(program: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    inherited = {name: value for name, value in os.environ.items() if name != VARIABLE}
    environment = inherited | variables
    command = [sys.executable, "-c", program]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=True)


def test_the_engine_is_chosen_before_grpc_is_loaded() -> None:
    assert _run(WATCH).stdout == f"loading gRPC with {IOMGR}\n"


def test_whoever_sets_the_variable_chooses_himself() -> None:
    assert _run(WATCH, **{VARIABLE: "event_engine_client"}).stdout == "loading gRPC with event_engine_client\n"


def test_this_release_of_grpc_knows_the_engine() -> None:
    assert _run(SERVE).stderr == ""
    assert "Unknown experiment: no_such_engine" in _run(SERVE, **{VARIABLE: "no_such_engine"}).stderr
