"""What a decision is: ``Allow`` or ``Deny``, and the one table that says how each reason for denying is answered.

Nothing else in this package names an HTTP status, a gRPC code or an OAuth error for a refusal.
"""

from dataclasses import dataclass
from enum import Enum, IntEnum

import mcp_wire as wire

from ext_authz.identity import Identity


class GrpcCode(IntEnum):
    """google.rpc.Code values. Anything but 0 makes Envoy deny; 0 is also what an unset status reads as."""

    INVALID_ARGUMENT = 3
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    UNAUTHENTICATED = 16


class OAuthError(Enum):
    """Error codes of RFC 6750 §3.1."""

    INVALID_REQUEST = "invalid_request"
    INVALID_TOKEN = "invalid_token"  # noqa: S105 - an error code, not a secret
    INSUFFICIENT_SCOPE = "insufficient_scope"


class Reason(Enum):
    """Why a request is refused. The value is what logs and metrics carry."""

    RESOURCE_UNKNOWN = "resource_unknown"
    ORIGIN_REFUSED = "origin_refused"
    OPTIONS_ANSWERED = "options_answered"
    METHOD_REFUSED = "method_refused"
    TOKEN_ABSENT = "token_absent"  # noqa: S105 - this and the next are names of reasons, not secrets
    TOKEN_MALFORMED = "token_malformed"  # noqa: S105
    CREDENTIALS_AMBIGUOUS = "credentials_ambiguous"
    CREDENTIALS_TOO_LONG = "credentials_too_long"
    TOKEN_INACTIVE = "token_inactive"  # noqa: S105
    SESSION_ENDED = "session_ended"
    TOO_MANY_FAILURES = "too_many_failures"
    TOKEN_INCOMPLETE = "token_incomplete"  # noqa: S105
    TOKEN_OF_ANOTHER_ISSUER = "token_of_another_issuer"  # noqa: S105
    TOKEN_OF_ANOTHER_TYPE = "token_of_another_type"  # noqa: S105
    TOKEN_EXPIRED = "token_expired"  # noqa: S105
    TOKEN_NOT_YET_VALID = "token_not_yet_valid"  # noqa: S105
    TOKEN_FOR_ANOTHER_RESOURCE = "token_for_another_resource"  # noqa: S105
    MEDIA_TYPE_REFUSED = "media_type_refused"
    CONTENT_ENCODING_REFUSED = "content_encoding_refused"
    BODY_ABSENT = "body_absent"
    BODY_UNEXPECTED = "body_unexpected"
    BODY_INCOMPLETE = "body_incomplete"
    JSON_MALFORMED = "json_malformed"
    MESSAGE_MALFORMED = "message_malformed"
    HEADERS_DISAGREE = "headers_disagree"
    TOOL_NAME_MALFORMED = "tool_name_malformed"
    TOOL_UNLISTED = "tool_unlisted"
    SCOPE_MISSING = "scope_missing"
    AUTHORIZATION_SERVER_UNAVAILABLE = "authorization_server_unavailable"
    INTERNAL_FAULT = "internal_fault"


@dataclass(frozen=True, slots=True)
class Refusal:
    """How a reason is answered. ``rpc_code`` and ``text`` become the JSON-RPC error in the body."""

    http_status: int
    grpc_code: GrpcCode
    oauth_error: OAuthError | None
    rpc_code: int
    text: str


@dataclass(frozen=True, slots=True)
class Allow:
    """The request may pass, as this user. There is no default: an ``Allow`` cannot be made without an identity."""

    identity: Identity
    tool: str | None


@dataclass(frozen=True, slots=True)
class Deny:
    """The request is refused.

    ``scopes`` are those the operation needs, for the challenge (RFC 6750 §3); ``message_id`` is the JSON-RPC id to
    echo, where the body was read; ``detail`` says more than the table's text does.
    """

    reason: Reason
    scopes: frozenset[str] = frozenset()
    message_id: wire.Id | None = None
    tool: str | None = None
    detail: str | None = None


Verdict = Allow | Deny

ALLOWED_METHODS = ("POST", "GET", "HEAD", "DELETE", "OPTIONS")
"""MCP's Streamable HTTP uses POST, GET (an event stream) and DELETE (end of a session)."""

RETRY_AFTER_SECONDS = 2
"""What a 503 tells clients to wait: an authorization server that restarts needs a few seconds."""


def _invalid_token(text: str) -> Refusal:
    return Refusal(401, GrpcCode.UNAUTHENTICATED, OAuthError.INVALID_TOKEN, wire.UNAUTHORIZED, text)


def _bad_request(status: int, text: str, rpc_code: int = wire.INVALID_REQUEST) -> Refusal:
    return Refusal(status, GrpcCode.INVALID_ARGUMENT, None, rpc_code, text)


REFUSALS: dict[Reason, Refusal] = {
    Reason.RESOURCE_UNKNOWN: Refusal(
        403, GrpcCode.PERMISSION_DENIED, None, wire.FORBIDDEN, "This route names no resource of the policy."
    ),
    Reason.ORIGIN_REFUSED: Refusal(
        403, GrpcCode.PERMISSION_DENIED, None, wire.ORIGIN_REFUSED, "Pages of this origin may not call this gateway."
    ),
    # Not an error: a preflight carries no token (Fetch standard), so it is answered here and never reaches a server.
    Reason.OPTIONS_ANSWERED: Refusal(204, GrpcCode.UNIMPLEMENTED, None, wire.METHOD_NOT_FOUND, ""),
    Reason.METHOD_REFUSED: _bad_request(405, "The method is not one that MCP uses: POST, GET or DELETE."),
    # RFC 6750 §3: without a token the challenge carries no error code.
    Reason.TOKEN_ABSENT: Refusal(
        401, GrpcCode.UNAUTHENTICATED, None, wire.UNAUTHORIZED, "An access token is needed: Authorization: Bearer …"
    ),
    Reason.TOKEN_MALFORMED: _invalid_token("The bearer value is not a token."),
    Reason.CREDENTIALS_AMBIGUOUS: Refusal(
        400,
        GrpcCode.INVALID_ARGUMENT,
        OAuthError.INVALID_REQUEST,
        wire.INVALID_REQUEST,
        "The Authorization header is doubled, or contains a comma or a control character.",
    ),
    Reason.CREDENTIALS_TOO_LONG: _bad_request(431, "The Authorization header is longer than 8 KiB."),
    Reason.TOKEN_INACTIVE: _invalid_token("The token is expired, revoked or unknown."),
    Reason.SESSION_ENDED: _invalid_token("The session in which the token was issued has ended."),
    Reason.TOO_MANY_FAILURES: Refusal(
        429,
        GrpcCode.RESOURCE_EXHAUSTED,
        None,
        wire.RATE_LIMITED,
        "Too many invalid tokens from this address: wait for the seconds in Retry-After.",
    ),
    Reason.TOKEN_INCOMPLETE: _invalid_token("The token names no subject or no time of expiry."),
    Reason.TOKEN_OF_ANOTHER_ISSUER: _invalid_token("The token was issued by another authorization server."),
    Reason.TOKEN_OF_ANOTHER_TYPE: _invalid_token("The token is not a bearer access token."),
    Reason.TOKEN_EXPIRED: _invalid_token("The token is expired."),
    Reason.TOKEN_NOT_YET_VALID: _invalid_token("The token is not valid yet."),
    Reason.TOKEN_FOR_ANOTHER_RESOURCE: _invalid_token("The token was issued for another resource."),
    Reason.MEDIA_TYPE_REFUSED: _bad_request(415, "The body must be application/json in UTF-8."),
    Reason.CONTENT_ENCODING_REFUSED: _bad_request(415, "The body must not be compressed or otherwise encoded."),
    Reason.BODY_ABSENT: _bad_request(400, "A POST needs a body: one JSON-RPC message."),
    Reason.BODY_UNEXPECTED: _bad_request(400, "Only a POST may have a body."),
    Reason.BODY_INCOMPLETE: _bad_request(413, "The body is too large to be read whole."),
    Reason.JSON_MALFORMED: _bad_request(400, "The body is not strict JSON.", wire.PARSE_ERROR),
    Reason.MESSAGE_MALFORMED: _bad_request(400, "The body is not one JSON-RPC 2.0 message."),
    Reason.HEADERS_DISAGREE: _bad_request(
        400, "Mcp-Method and Mcp-Name must repeat what the body says.", wire.HEADER_MISMATCH
    ),
    Reason.TOOL_NAME_MALFORMED: _bad_request(400, 'tools/call needs a string "name".', wire.INVALID_PARAMS),
    Reason.TOOL_UNLISTED: Refusal(
        403, GrpcCode.PERMISSION_DENIED, None, wire.INVALID_PARAMS, "The gateway's policy lists no tool of this name."
    ),
    Reason.SCOPE_MISSING: Refusal(
        403,
        GrpcCode.PERMISSION_DENIED,
        OAuthError.INSUFFICIENT_SCOPE,
        wire.FORBIDDEN,
        "The token lacks a scope that this operation needs.",
    ),
    Reason.AUTHORIZATION_SERVER_UNAVAILABLE: Refusal(
        503, GrpcCode.UNAVAILABLE, None, wire.UNAVAILABLE, "The token cannot be checked right now. Try again shortly."
    ),
    Reason.INTERNAL_FAULT: Refusal(
        503, GrpcCode.INTERNAL, None, wire.INTERNAL_ERROR, "The authorizer failed. Try again shortly."
    ),
}
"""THE table: every reason, and all that an answer to it consists of."""
