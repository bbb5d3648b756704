"""What a worker was given by the pool that started it: its number, the HTTP socket that all share, and a channel."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass

VARIABLE = "EXT_AUTHZ_WORKER"
"""Not a setting: the pool sets it, to ``number:http descriptor:channel descriptor``."""


@dataclass(frozen=True, slots=True)
class Worker:
    """``http`` is listening already, and stays so while a worker is started anew. ``channel`` leads to the pool."""

    number: int
    http: socket.socket
    channel: socket.socket

    def grpc_address(self, first: str) -> str:
        """Each worker has a gRPC port of its own, counted on from the first, so that Envoy can tell them apart."""
        host, _, port = first.rpartition(":")
        return f"{host}:{int(port) + self.number if int(port) else 0}"


def this_worker(environment: Mapping[str, str] = os.environ) -> Worker | None:
    """None in a process that no pool started."""
    given = environment.get(VARIABLE)
    if given is None:
        return None
    number, http, channel = (int(part) for part in given.split(":"))
    return Worker(number, socket.socket(fileno=http), socket.socket(fileno=channel))


def as_variable(number: int, http: int, channel: int) -> dict[str, str]:
    return {VARIABLE: f"{number}:{http}:{channel}"}
