"""Which era of MCP a message belongs to, and whether it keeps the rules that its era has for a message's frame.

A request that names its protocol version in ``params._meta`` is modern, and so is one whose header says so: it has then
forgotten the other. Everything else is legacy (MCP 2026-07-28, "Versioning and Compatibility").
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any

from mcp_wire import (
    HEADER_MISMATCH,
    INVALID_PARAMS,
    INVALID_REQUEST,
    UNSUPPORTED_PROTOCOL_VERSION,
    Kind,
    Message,
    mirror_fault,
)

from mcp_serving.operations import RpcRefusal
from mcp_serving.versions import LEGACY, MODERN, SUPPORTED

PROTOCOL_VERSION = "io.modelcontextprotocol/protocolVersion"
CLIENT_CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"


class Era(Enum):
    LEGACY = "legacy"
    MODERN = "modern"


@dataclass(frozen=True, slots=True)
class Mirrors:
    """The headers MCP-Protocol-Version, Mcp-Method and Mcp-Name; one that came twice is joined with a comma."""

    version: str | None = None
    method: str | None = None
    name: str | None = None


def era_of(message: Message, headers: Mirrors) -> Era:
    """The era of a message that its era's methods may answer.

    Raises:
        RpcRefusal: it is none, and to be answered with HTTP status 400.
    """
    era = _claimed(message, headers)
    if era is Era.LEGACY:
        # Without either, a client of 2025-03-26 or older speaks (MCP 2025-11-25, "Protocol Version Header").
        _require_version(LEGACY[-1] if headers.version is None else headers.version, LEGACY)
    elif message.kind is Kind.REQUEST:
        _require_version(_require_envelope(message, headers), MODERN)
        return era
    elif message.kind is Kind.RESPONSE:
        raise RpcRefusal(INVALID_REQUEST, "this protocol version has clients send requests and notifications alone")
    # What headers go with the rest is not said, but those that do must not speak of something else.
    _require_mirrors(message, headers, required=False)
    return era


def _claimed(message: Message, headers: Mirrors) -> Era:
    # A notification is told by its header: it need not have _meta, and whatever it says is accepted and dropped.
    claims = message.kind is Kind.REQUEST and PROTOCOL_VERSION in _meta(message)
    return Era.MODERN if claims or headers.version in MODERN else Era.LEGACY


def _meta(message: Message) -> dict[str, Any]:
    meta = message.params.get("_meta")
    return meta if isinstance(meta, dict) else {}


def _require_envelope(message: Message, headers: Mirrors) -> str:
    """The version that a modern request names. The order is the SDKs': its own parts, then whether headers agree."""
    meta = _meta(message)
    version = meta.get(PROTOCOL_VERSION)
    if not isinstance(version, str):
        raise RpcRefusal(INVALID_PARAMS, f'params._meta must have "{PROTOCOL_VERSION}", a string')
    if not isinstance(meta.get(CLIENT_CAPABILITIES), dict):
        raise RpcRefusal(INVALID_PARAMS, f'params._meta must have "{CLIENT_CAPABILITIES}", an object, if an empty one')
    if headers.version != version:
        problem = "is not the version in params._meta" if headers.version else "is missing"
        raise RpcRefusal(HEADER_MISMATCH, f"the header MCP-Protocol-Version {problem}: send the same in both")
    _require_mirrors(message, headers, required=True)
    return version


def _require_mirrors(message: Message, headers: Mirrors, *, required: bool) -> None:
    if fault := mirror_fault(message, headers.method, headers.name, required=required):
        raise RpcRefusal(HEADER_MISMATCH, fault)


def _require_version(requested: str, served: tuple[str, ...]) -> None:
    if requested not in served:
        data = {"supported": list(SUPPORTED), "requested": requested[:64]}
        raise RpcRefusal(UNSUPPORTED_PROTOCOL_VERSION, "this protocol version is not supported here", data)
