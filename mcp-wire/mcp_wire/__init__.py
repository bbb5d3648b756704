"""What the gateway and its servers must read and write alike: messages, headers, refusals, scopes, log lines."""

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
from mcp_wire.line_writer import LineWriter
from mcp_wire.log_stream import LogStream
from mcp_wire.message import Id, Kind, MalformedMessage, Message, read_message
from mcp_wire.mirrors import mirror_fault
from mcp_wire.refusal import error_body
from mcp_wire.together import Together
from mcp_wire.utc import Utc

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
    "LineWriter",
    "LogStream",
    "MalformedMessage",
    "Message",
    "Together",
    "Utc",
    "error_body",
    "is_json_media_type",
    "mirror_fault",
    "parse_scopes",
    "read_message",
]
