"""The headers that repeat parts of the body for whoever routes without reading it (MCP 2026-07-28, "Request Metadata").

A server that routes by header and a gateway that decides on the body must see one request, so both ask here whether the
two agree. Values are as HTTP carries them, ones that came twice joined with a comma; None is an absent header.
"""

import base64
import binascii
import re

from mcp_wire.message import Message

NAME_SOURCES = {
    "tools/call": "name",
    "prompts/get": "name",
    "resources/read": "uri",
    # Of the tasks extension. A client that has it repeats the task's ID.
    "tasks/get": "taskId",
    "tasks/update": "taskId",
    "tasks/cancel": "taskId",
}
"""Method to the member of params that ``Mcp-Name`` repeats."""

_REVISION = "MCP 2026-07-28"
_PRINTABLE = re.compile(r"[\x20-\x7e]*")
_BASE64 = re.compile(r"=\?base64\?(.*)\?=")


def mirror_fault(message: Message, method: str | None, name: str | None, *, required: bool = False) -> str | None:
    """Why ``Mcp-Method`` and ``Mcp-Name`` do not repeat the body, as a sentence for the sender; None if they do.

    An absent header is a fault where it is ``required``: in a request of 2026-07-28, and there ``Mcp-Name`` only if the
    body has what it repeats.
    """
    if method is None and name is None and not required:
        return None
    if method is None and required:
        return f"the header Mcp-Method is missing: send the body's method in it ({_REVISION})"
    # A comma joins two headers, of which one reader takes the first and another the last. No method has one.
    if method is not None and ("," in method or _trimmed(method) != message.method):
        return "the header Mcp-Method is doubled or is not the body's method: send it once, as in the body"
    return _name_fault(message, name, required)


def _name_fault(message: Message, name: str | None, required: bool) -> str | None:
    member = NAME_SOURCES.get(message.method or "")
    value = message.params.get(member) if member else None
    if name is None:
        missing = required and isinstance(value, str)
        return f"the header Mcp-Name is missing: send params.{member} in it ({_REVISION})" if missing else None
    if member is None:
        return "the header Mcp-Name repeats the name of a tool, prompt, resource or task, and this body has none"
    # The same for a tool's name, on which a gateway decides. A resource's URI may well have a comma of its own.
    doubled = member == "name" and "," in name
    if doubled or not isinstance(value, str) or decoded(name) != value:
        return f"the header Mcp-Name is doubled or is not the body's params.{member}: send it once, as in the body"
    return None


def decoded(header: str) -> str | None:
    """The text that a header's value stands for, plain or as ``=?base64?…?=`` of its UTF-8; None if it is neither.

    ("Value Encoding".) What is neither canonical base64 nor UTF-8 is refused: two readers could take it for two names.
    """
    text = _trimmed(header)
    if not _PRINTABLE.fullmatch(text):
        return None
    if not (coded := _BASE64.fullmatch(text)):
        return text
    try:
        value = base64.b64decode(coded[1], validate=True)
        return value.decode() if base64.b64encode(value).decode() == coded[1] else None
    except (binascii.Error, UnicodeDecodeError):
        return None


def _trimmed(header: str) -> str:
    return header.strip(" \t")  # optional whitespace around a value is no part of it (RFC 9110 §5.5)
