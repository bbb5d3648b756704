"""Runs the stand-in for Keycloak and makes tokens for it."""

import base64
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from bench.lab import SCOPE, Lab
from bench.processes import Started, listens, started
from bench.tools import ROOT
from tests.support.ports import free_ports

SIGNATURE_BYTES = 256
"""Of RS256 with a key of 2048 bits, which is what Keycloak signs with."""


@dataclass(frozen=True)
class StandIn:
    process: Started
    url: str

    def asked(self) -> int:
        """How many introspections have reached it."""
        return int(httpx.get(f"{self.url}/count").text)


@contextmanager
def standin_keycloak(lab: Lab, *, delay_ms: float = 0, scopes: str = SCOPE) -> Iterator[StandIn]:
    """On a free port; every answer comes ``delay_ms`` late and names ``scopes``."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "bench.standin_keycloak", str(port), lab.stack.url, str(delay_ms), scopes]
    with started(command, lab.folder / "standin.log", listens(port), folder=ROOT) as process:
        yield StandIn(process, f"http://127.0.0.1:{port}")


def shaped_tokens(real: str, count: int) -> list[str]:
    """``count`` different tokens of the shape and size of ``real``: its header and claims, other signatures.

    Nobody verifies them: the authorizer asks, and the stand-in says yes.
    """
    signed = real.rpartition(".")[0]
    dice = random.Random(0)  # noqa: S311 - they protect nothing
    return [f"{signed}.{_text(dice.randbytes(SIGNATURE_BYTES))}" for _ in range(count)]


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
