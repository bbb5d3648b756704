"""What the gateway and its servers must read and write alike: a JSON-RPC message, headers, refusals, scopes."""

from mcp_wire.codes import (
    FORBIDDEN,
    HEADER_MISMATCH,
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    ORIGIN_REFUSED,
    PARSE_ERROR,
    RATE_LIMITED,
    UNAUTHORIZED,
    UNAVAILABLE,
    UNSUPPORTED_PROTOCOL_VERSION,
)
from mcp_wire.headers import is_json_media_type, parse_scopes
from mcp_wire.log_stream import LogStream
from mcp_wire.message import Id, Kind, MalformedMessage, Message, read_message
from mcp_wire.mirrors import mirror_fault
from mcp_wire.refusal import error_body

__all__ = [
    "FORBIDDEN",
    "HEADER_MISMATCH",
    "INTERNAL_ERROR",
    "INVALID_PARAMS",
    "INVALID_REQUEST",
    "METHOD_NOT_FOUND",
    "ORIGIN_REFUSED",
    "PARSE_ERROR",
    "RATE_LIMITED",
    "UNAUTHORIZED",
    "UNAVAILABLE",
    "UNSUPPORTED_PROTOCOL_VERSION",
    "Id",
    "Kind",
    "LogStream",
    "MalformedMessage",
    "Message",
    "error_body",
    "is_json_media_type",
    "mirror_fault",
    "parse_scopes",
    "read_message",
]
