"""An MCP server as people write them: fastmcp, with sessions, event streams, and a check of the Host header.

    pip install -r examples/requirements.txt
    python examples/notes_server.py --port 9000

It knows nothing of OAuth. The gateway says who calls, in headers that nobody else can set, for nobody else reaches it.
"""

import argparse
from collections import defaultdict

from fastmcp import FastMCP
from fastmcp.server.dependencies import get_http_headers

server: FastMCP = FastMCP("Notes")
notes: dict[str, list[str]] = defaultdict(list)


@server.tool
def add_note(text: str) -> str:
    """Keep a note."""
    notes[caller()].append(text)
    return f"{len(notes[caller()])} kept"


@server.tool
def list_notes() -> list[str]:
    """Every note that you kept."""
    return notes[caller()]


@server.tool
def forget_notes() -> str:
    """Throw all your notes away."""
    return f"{len(notes.pop(caller(), []))} thrown away"


def caller() -> str:
    """Who calls: the subject of their token, which the gateway has checked."""
    return get_http_headers().get("x-user-sub", "nobody")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--port", type=int, default=9000)
    port = arguments.parse_args().port
    # Loopback, and no Host header but its own address: no web page reaches it by another name (DNS rebinding)
    server.run(transport="http", host="127.0.0.1", port=port, host_origin_protection=True, show_banner=False)
