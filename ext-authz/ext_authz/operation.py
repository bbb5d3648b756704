"""What a request does: which tool it calls, if any. Read from the body alone.

The headers Mcp-Method and Mcp-Name repeat parts of the body for routers, but nothing ties a server to them; a decision
on a header that the server does not act on could be walked around.
"""

from dataclasses import dataclass

from mcp_wire import PARSE_ERROR, Id, MalformedMessage, Message, is_json_media_type, read_message

from ext_authz.verdict import Deny, Reason

_BODILESS = frozenset({"GET", "HEAD", "DELETE"})


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request as Envoy describes it in ``AttributeContext.HttpRequest``. Absent headers are None.

    ``path`` is without query: a token in a query must never be seen, let alone logged (RFC 6750 §5.3).
    """

    resource: str
    method: str
    path: str
    authorization: str | None
    origin: str | None
    content_type: str | None
    content_encoding: str | None
    body: bytes
    body_is_partial: bool
    request_id: str


@dataclass(frozen=True, slots=True)
class Operation:
    """``tool`` is the tool that a tools/call names; None for everything else. ``message_id`` is the JSON-RPC id."""

    tool: str | None
    message_id: Id | None


def read_operation(request: HttpRequest) -> Operation | Deny:
    """The operation, or why it cannot be told beyond doubt."""
    if request.method in _BODILESS:
        return Deny(Reason.BODY_UNEXPECTED) if request.body else Operation(None, None)
    if request.method != "POST":
        return Deny(Reason.METHOD_REFUSED)
    if fault := _body_fault(request):
        return Deny(fault)
    try:
        message = read_message(request.body)
    except MalformedMessage as error:
        reason = Reason.JSON_MALFORMED if error.code == PARSE_ERROR else Reason.MESSAGE_MALFORMED
        return Deny(reason, message_id=error.id, detail=error.text)
    return _operation(message)


def _body_fault(request: HttpRequest) -> Reason | None:
    if not is_json_media_type(request.content_type):
        return Reason.MEDIA_TYPE_REFUSED
    if (request.content_encoding or "identity").strip().lower() != "identity":
        return Reason.CONTENT_ENCODING_REFUSED
    if request.body_is_partial:
        return Reason.BODY_INCOMPLETE
    return None if request.body else Reason.BODY_ABSENT


def _operation(message: Message) -> Operation | Deny:
    # Requests and notifications alike: some servers run a tools/call that has no id, and answer nothing.
    if message.method != "tools/call":
        return Operation(None, message.id)
    tool = message.params.get("name")
    if not isinstance(tool, str):
        return Deny(Reason.TOOL_NAME_MALFORMED, message_id=message.id)
    return Operation(tool, message.id)
