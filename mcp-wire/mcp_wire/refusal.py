"""The body of a refusal: a JSON-RPC error response, whoever in the chain writes it."""

import json
from typing import Any

from mcp_wire.message import Id


def error_body(code: int, message: str, *, id: Id | None = None, data: Any = None) -> bytes:
    """A JSON-RPC 2.0 error response (§5). ``id`` is null where the request's own could not be read, as §5 asks."""
    error: dict[str, Any] = {"code": code, "message": message}
    if data is not None:
        error["data"] = data
    body = {"jsonrpc": "2.0", "id": id, "error": error}
    return json.dumps(body, separators=(",", ":")).encode()
