"""Asking a component whether it is ready.

With the standard library alone: an HTTP client that does more takes a quarter of a second to load, in which nothing of
the gateway runs yet.
"""

import asyncio
import contextlib
import json
import socket
import ssl
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from gateway.runner.background import in_thread
from gateway.runner.component import Probe, TlsFiles

PROBE_TIMEOUT = 2.0
MOST_BYTES = 65536
"""Of a body: a health report has some hundred."""


async def ask(probe: Probe) -> str | None:
    """None where the component is ready, else what it says instead."""
    url = urlsplit(probe.url)
    connection = HTTPConnection(str(url.hostname), url.port, timeout=PROBE_TIMEOUT)
    try:
        async with asyncio.timeout(PROBE_TIMEOUT):
            status, body = await in_thread(lambda _: _get(probe, connection, url.path or "/"))
    except ConnectionRefusedError:
        return "not listening yet"
    except TimeoutError:
        return "no answer"
    except (HTTPException, OSError) as error:
        return f"{type(error).__name__}: {error}"
    finally:
        _interrupt(connection)
    if status in probe.accept or (status == HTTPStatus.SERVICE_UNAVAILABLE and _only_others_are_down(body, probe)):
        return None
    return f"HTTP {status} {body[:200].decode(errors='replace')}".strip()


def _get(probe: Probe, connection: HTTPConnection, path: str) -> tuple[int, bytes]:
    """Status and body; blocking. No proxy is asked, which is set for the outside world and not for this machine."""
    try:
        connection.connect()
        if probe.tls:
            name = probe.server_name or connection.host
            connection.sock = _context(probe.tls).wrap_socket(connection.sock, server_hostname=name)
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read(MOST_BYTES)
    finally:
        connection.close()


def _interrupt(connection: HTTPConnection) -> None:
    """Ends the thread that still reads, byte by byte perhaps, what nobody waits for any more."""
    if connection.sock is not None:
        with contextlib.suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)


def _only_others_are_down(body: bytes, probe: Probe) -> bool:
    """Whether a health report names as down nothing that matters."""
    if probe.minds is None:
        return False
    try:
        down = set(json.loads(body)["down"])
    except (ValueError, KeyError, TypeError):
        return False  # Envoy's own 503, while the authorizer is not there
    return bool(down) and not probe.minds & down


def _context(tls: TlsFiles) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(tls.ca))
    if tls.certificate:
        context.load_cert_chain(tls.certificate, tls.key)
    return context
