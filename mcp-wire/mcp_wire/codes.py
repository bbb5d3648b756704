"""JSON-RPC error codes that the gateway and its servers answer with.

The first block is JSON-RPC 2.0 §5.1. The second lies in the range -32000 to -32019, which JSON-RPC and MCP leave to
implementations. From -32020 on MCP defines them itself (2026-07-28, "Error Codes"): the third block, and none of ours.
"""

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603

UNAUTHORIZED = -32001  # HTTP 401: no token, or one that is not valid here
FORBIDDEN = -32003  # HTTP 403: the token lacks a scope
ORIGIN_REFUSED = -32004  # HTTP 403: a page of that origin may not call
RATE_LIMITED = -32005  # HTTP 429
UNAVAILABLE = -32006  # HTTP 503: the authorization server or the authorizer cannot answer

HEADER_MISMATCH = -32020  # HTTP 400: a header that repeats the body does not agree with it, or is missing
UNSUPPORTED_PROTOCOL_VERSION = -32022  # HTTP 400
