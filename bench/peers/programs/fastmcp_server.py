"""``add`` as fastmcp serves it.

``fastmcp_server.py PORT INTROSPECTION_URL AUDIENCE SECRET``
"""

import sys

from fastmcp import FastMCP
from fastmcp_verifier import SERVED, verifier

port, *introspection = sys.argv[1:]
server = FastMCP("calculator", auth=verifier(*introspection))


@server.tool
def add(a: float, b: float) -> float:
    """The sum of a and b."""
    return a + b


server.run("http", port=int(port), **SERVED)
