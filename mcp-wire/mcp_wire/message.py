"""One JSON-RPC 2.0 message, as MCP's Streamable HTTP carries it: one POST, one message, no batch (MCP 2025-06-18)."""

from enum import Enum
from typing import Any, NamedTuple

from mcp_wire.codes import INVALID_REQUEST, PARSE_ERROR
from mcp_wire.strict_json import read_json

Id = str | int

_MEMBERS = frozenset({"jsonrpc", "id", "method", "params", "result", "error"})
_PARAMS_MEMBERS = frozenset({"name", "arguments", "_meta"})


class Kind(Enum):
    REQUEST = "request"
    NOTIFICATION = "notification"
    RESPONSE = "response"


class Message(NamedTuple):
    """A message that was read unambiguously.

    ``method`` is None for a response (to a request that a server sent), ``id`` is None for a notification, ``params``
    is empty when absent, ``raw`` is the whole object.
    """

    method: str | None
    id: Id | None
    params: dict[str, Any]
    raw: dict[str, Any]

    @property
    def kind(self) -> Kind:
        if self.method is None:
            return Kind.RESPONSE
        return Kind.NOTIFICATION if self.id is None else Kind.REQUEST


class MalformedMessage(ValueError):
    """The body is no JSON-RPC message that two readers must read alike.

    ``code`` is the JSON-RPC error code, ``text`` a sentence fit for the sender, ``id`` the message's own if it could be
    read.
    """

    def __init__(self, code: int, text: str, id: Id | None = None) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.id = id


def read_message(body: bytes) -> Message:
    """Read a request, a notification or a response.

    Raises:
        MalformedMessage: -32700 where the body is not strict JSON, -32600 where it is not one JSON-RPC 2.0 message.
    """
    try:
        value = read_json(body)
    except (ValueError, RecursionError) as error:
        raise MalformedMessage(PARSE_ERROR, _sentence(error)) from error
    return _message(value)


def _sentence(error: Exception) -> str:
    # Decoder errors can quote the body; what a sender sees (and a log keeps) says only what kind of thing was wrong.
    text = str(error)
    own = ("JSON ", "NaN ", "Infinity ", "-Infinity ")
    return text if text.startswith(own) else "the body is not valid JSON in UTF-8 (RFC 8259)"


def _message(value: Any) -> Message:
    if isinstance(value, list):
        raise MalformedMessage(INVALID_REQUEST, "batches are not supported: send one message per POST")
    if not isinstance(value, dict):
        raise MalformedMessage(INVALID_REQUEST, "the body must be a JSON object")
    message_id = _id(value)
    if not value.keys() <= _MEMBERS:
        _refuse_look_alikes(value, _MEMBERS, message_id)
    if value.get("jsonrpc") != "2.0":
        raise MalformedMessage(INVALID_REQUEST, 'member "jsonrpc" must be "2.0"', message_id)
    if "method" in value:
        return Message(_method(value, message_id), message_id, _params(value, message_id), value)
    _require_response(value, message_id)
    return Message(None, message_id, {}, value)


def _id(value: dict[str, Any]) -> Id | None:
    if "id" not in value:
        return None
    message_id = value["id"]
    if isinstance(message_id, str) or (isinstance(message_id, int) and not isinstance(message_id, bool)):
        return message_id
    raise MalformedMessage(INVALID_REQUEST, 'member "id" must be a string or an integer')


def _refuse_look_alikes(value: dict[str, Any], members: frozenset[str], message_id: Id | None) -> None:
    # Some decoders (Go's encoding/json among them) match member names by Unicode case folding: to them "Method" and
    # "method" are one member, of which the last counts. A server behind the gateway may be such a one.
    for name in value:
        if name not in members and name.casefold() in members:
            raise MalformedMessage(INVALID_REQUEST, "a member differs from a known one only in case", message_id)


def _method(value: dict[str, Any], message_id: Id | None) -> str:
    method = value["method"]
    if not isinstance(method, str):
        raise MalformedMessage(INVALID_REQUEST, 'member "method" must be a string', message_id)
    if "result" in value or "error" in value:
        raise MalformedMessage(INVALID_REQUEST, "a message is either a request or a response, not both", message_id)
    return method


def _params(value: dict[str, Any], message_id: Id | None) -> dict[str, Any]:
    params = value.get("params", {})
    if not isinstance(params, dict):
        raise MalformedMessage(INVALID_REQUEST, 'member "params" must be an object', message_id)
    if not params.keys() <= _PARAMS_MEMBERS:
        _refuse_look_alikes(params, _PARAMS_MEMBERS, message_id)
    return params


def _require_response(value: dict[str, Any], message_id: Id | None) -> None:
    if ("result" in value) == ("error" in value):
        raise MalformedMessage(
            INVALID_REQUEST, 'the message has neither "method" nor one of "result" and "error"', message_id
        )
