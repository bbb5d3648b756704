"""Starts Keycloak once for the Java runtime to take notes, so that every later start takes half the time.

The notes are an AOT cache (JEP 483 and 514): classes as loaded and linked. A start that cannot use it, because the
runtime is another one, goes on without.
"""

import asyncio
import os
import shutil
import socket
import time
from pathlib import Path

from gateway.runner.component import Probe
from gateway.runner.keycloak_command import AOT_CACHE, base_environment, link_install, rehearsal_command
from gateway.runner.probing import ask
from gateway.runner.process import Running, start

READY_DEADLINE = 240.0
NOTES_DEADLINE = 240.0


async def rehearse(install: Path, log: Path) -> None:
    """Writes the AOT cache into `install`, or nothing where that does not succeed: it only makes starts faster."""
    home, notes = install.with_name("rehearsal"), install.with_name("rehearsal.aot")
    link_install(home, install)
    port, management_port = _free_ports()
    process = await start(
        rehearsal_command(home, notes),
        environment=_environment(port, management_port),
        directory=home,
        log=log,
    )
    try:
        if await _until_ready(process, Probe(f"http://127.0.0.1:{management_port}/health/ready")):
            process.terminate()
            if await process.wait(NOTES_DEADLINE) and notes.exists():
                notes.rename(install / AOT_CACHE)
    finally:
        process.kill()
        await process.wait()
        shutil.rmtree(home, ignore_errors=True)


async def _until_ready(process: Running, probe: Probe) -> bool:
    deadline = time.monotonic() + READY_DEADLINE
    while time.monotonic() < deadline and not process.ended:
        if await ask(probe) is None:
            return True
        await asyncio.sleep(0.5)
    return False


def _environment(port: int, management_port: int) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("KC_")}
    return inherited | base_environment(port, management_port)


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        return one.getsockname()[1], two.getsockname()[1]
