"""An authorizer that does nothing: grpc.aio under uvloop, and one kept answer. What any Python authorizer must cost.

``python -m bench.nothing_authorizer PORT``
"""

import asyncio
import sys

import grpc
import uvloop
from ext_authz.xds import (
    AuthorizationServicer,
    CheckRequest,
    CheckResponse,
    OkHttpResponse,
    Status,
    add_AuthorizationServicer_to_server,
)

ALLOW = CheckResponse(status=Status(code=0), ok_response=OkHttpResponse(headers_to_remove=["authorization"]))


class Nothing(AuthorizationServicer):  # type: ignore[misc]  # its base has no types
    """Allows everything."""

    async def Check(self, _request: CheckRequest, _context: object) -> CheckResponse:  # noqa: N802 - the protocol's name
        return ALLOW


async def serve(port: int) -> None:
    """Until the process is ended."""
    server = grpc.aio.server()
    add_AuthorizationServicer_to_server(Nothing(), server)
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(int(sys.argv[1])))
