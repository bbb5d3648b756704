"""The authorizer as a process of its own, started as in production: ``python -m ext_authz`` with variables."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from ext_authz.grpc_server import Tls

from tests.support.authz import POLICY_FILE, PUBLIC_URL

START_SECONDS = 120
"""It takes one or two, and many where the machine has other things to do."""


@dataclass
class Authorizer:
    process: asyncio.subprocess.Process
    log: list[str]
    stderr: list[str]


@dataclass(frozen=True)
class Ended:
    code: int
    stdout: str
    stderr: str


def environment(tls: Tls, **changes: str | None) -> dict[str, str]:
    """A complete set of good settings; a change to None leaves a variable out."""
    variables: dict[str, str | None] = {
        "PATH": os.environ["PATH"],
        "PUBLIC_URL": PUBLIC_URL,
        "POLICY_FILE": str(POLICY_FILE),
        "GRPC_LISTEN": "127.0.0.1:0",
        "HTTP_LISTEN": "127.0.0.1:0",
        "TLS_CERT_FILE": str(tls.certificate),
        "TLS_KEY_FILE": str(tls.key),
        "TLS_CA_FILE": str(tls.ca),
        "KEYCLOAK_URL": "http://127.0.0.1:9",
        "ENVOY_STATUS_URL": "http://127.0.0.1:9",
        "KEYCLOAK_CLIENT_SECRET": "the-secret",
    }
    return {name: value for name, value in (variables | changes).items() if value is not None}


async def run_to_its_end(variables: dict[str, str], cwd: Path, *arguments: str) -> Ended:
    """For a start that must fail. ``arguments`` are the interpreter's, where it is not started as in production."""
    process = await _start(variables, cwd, *arguments)
    async with asyncio.timeout(30):
        stdout, stderr = await process.communicate()
    assert process.returncode is not None
    return Ended(process.returncode, stdout.decode(), stderr.decode())


@asynccontextmanager
async def running_authorizer(
    variables: dict[str, str], cwd: Path, ready: str = '"started"'
) -> AsyncIterator[Authorizer]:
    """Ready when it says so; several workers say ``workers_ready``."""
    process = await _start(variables, cwd)
    authorizer = Authorizer(process, [], [])
    started = asyncio.Event()
    waiting, ended = asyncio.create_task(started.wait()), asyncio.create_task(process.wait())
    readers = asyncio.gather(
        _read(process.stdout, authorizer.log, started, ready), _read(process.stderr, authorizer.stderr)
    )
    try:
        async with asyncio.timeout(START_SECONDS):
            await asyncio.wait({waiting, ended}, return_when=asyncio.FIRST_COMPLETED)
        assert waiting.done(), f"it ended with {process.returncode}: {authorizer.stderr}"
        yield authorizer
    finally:
        if process.returncode is None:
            process.kill()
        await ended
        waiting.cancel()
        await readers


async def _start(variables: dict[str, str], cwd: Path, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *(arguments or ("-m", "ext_authz")),
        env=variables,
        cwd=cwd,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def _read(
    stream: asyncio.StreamReader | None, lines: list[str], started: asyncio.Event | None = None, ready: str = ""
) -> None:
    assert stream is not None
    async for line in stream:
        lines.append(line.decode())
        if started is not None and ready in lines[-1]:
            started.set()
