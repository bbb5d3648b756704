"""Whether the name has an address, and whether something listens there."""

import asyncio
import queue
import socket
import threading

from gateway.doctor.case import Case
from gateway.doctor.findings import Findings, failure, ok

Resolved = list[str] | str
"""Addresses, or why there are none."""


async def dns(case: Case) -> Findings:
    """The name has addresses."""
    found = _resolve(case.target.host, case.target.port, case.options.step_seconds)
    if isinstance(found, str):
        case.blocked = "the name has no address"
        return [failure(f"{case.target.host} has no address ({found})", "check the spelling, DNS, or /etc/hosts")]
    case.addresses = found
    return [ok(f"{case.target.host} is {', '.join(found)}")]


async def tcp(case: Case) -> Findings:
    """Something accepts connections there."""
    port = case.target.port
    try:
        async with asyncio.timeout(case.options.step_seconds):
            _, writer = await asyncio.open_connection(case.target.host, port)
    except (OSError, TimeoutError) as error:
        case.blocked = f"nothing accepts connections at {case.target.host}:{port}"
        reason = "no answer: a firewall?" if isinstance(error, TimeoutError) else (error.strerror or str(error))
        return [
            failure(
                f"{case.blocked} ({reason})", "start the server (`mcp-gateway status` shows ours), or check the port"
            )
        ]
    address = writer.get_extra_info("peername")[0]
    writer.close()
    return [ok(f"{address} port {port} accepts connections")]


def _resolve(host: str, port: int, seconds: float) -> Resolved:
    """In a daemon thread: a resolver that hangs cannot be interrupted, and must not hold up the end of the program."""
    answers: queue.SimpleQueue[Resolved] = queue.SimpleQueue()

    def work() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.put(list(dict.fromkeys(str(address[0]) for *_, address in found)))
        except (OSError, UnicodeError) as error:
            answers.put(getattr(error, "strerror", None) or str(error))

    threading.Thread(target=work, daemon=True).start()
    try:
        return answers.get(timeout=seconds)
    except queue.Empty:
        return f"the resolver did not answer within {seconds:.0f} s"
