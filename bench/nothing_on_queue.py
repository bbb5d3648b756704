"""An authorizer that does nothing on the gRPC server of ours: what that leaves of ``bench.nothing_authorizer``'s cost.

``python -m bench.nothing_on_queue PORT``
"""

import asyncio
import os
import sys
from typing import Any

import ext_authz.grpc_engine  # noqa: F401 - first, for gRPC reads what it sets as it is loaded

# isort: split
import grpc
import uvloop
from ext_authz.completion_queue.server import AtOnce, QueueServer
from ext_authz.xds import AUTHORIZATION_SERVICE, CheckRequest

from bench.nothing_authorizer import ALLOW


async def serve(port: int) -> None:
    """Until the process is ended."""
    allow = bytes(ALLOW.SerializeToString())

    def now(_: CheckRequest) -> bytes:
        return allow

    async def never(_: Any) -> bytes:
        raise AssertionError("it answers at once")

    server = QueueServer((), lambda _: True, failed=_end, died=_end)
    server.add_at_once(AUTHORIZATION_SERVICE, "Check", AtOnce(CheckRequest.FromString, now, never))
    server.listen(f"127.0.0.1:{port}", grpc.insecure_server_credentials())
    server.start()
    await asyncio.Event().wait()


def _end(*error: object) -> None:
    sys.stderr.write(f"it failed: {error}\n")
    os._exit(1)  # called in the server's thread, whose exceptions end nothing


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(int(sys.argv[1])))
