"""What Envoy sends to the authorizer and how it reads the answer, through envoy-data-plane.

That package implements Envoy's API independently of xds-protos, which the authorizer uses: where the two agree on the
bytes, the bytes are right.
"""

import warnings
from dataclasses import dataclass

with warnings.catch_warnings():
    # Its generated code uses a spelling of pydantic's validators that pydantic has deprecated.
    warnings.simplefilter("ignore", DeprecationWarning)
    from envoy_data_plane.envoy.config.core.v3 import Address, HeaderValueOptionHeaderAppendAction, SocketAddress
    from envoy_data_plane.envoy.service.auth.v3 import (
        AttributeContext,
        AttributeContextHttpRequest,
        AttributeContextPeer,
        AttributeContextRequest,
        CheckRequest,
        CheckResponse,
    )

OVERWRITE_OR_ADD = HeaderValueOptionHeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD


def check_request(
    *,
    resource: str | None = "weather",
    method: str = "POST",
    path: str = "/mcp/weather",
    headers: dict[str, str] | None = None,
    body: bytes = b"",
    client: str = "",
) -> bytes:
    """A serialized CheckRequest, as Envoy makes it for a route with ``context_extensions: {resource: …}``.

    ``client`` is the address that it comes from.
    """
    http = AttributeContextHttpRequest(
        id="1", method=method, path=path, headers=headers or {}, raw_body=body, size=len(body), protocol="HTTP/1.1"
    )
    extensions = {} if resource is None else {"resource": resource}
    source = AttributeContextPeer(address=Address(socket_address=SocketAddress(address=client)))
    request = AttributeContextRequest(http=http)
    attributes = AttributeContext(request=request, context_extensions=extensions, source=source)
    return bytes(CheckRequest(attributes=attributes))


@dataclass(frozen=True)
class EnvoyAnswer:
    """A CheckResponse as Envoy acts on it. ``status`` is what the client sees; 200 stands for "passed on"."""

    allowed: bool
    status: int
    headers: dict[str, str]
    removed: list[str]
    body: str
    actions: set[int]


def read_answer(response: bytes) -> EnvoyAnswer:
    """Reads as Envoy does: allowed if and only if the status code is 0, whatever else the message holds."""
    message = CheckResponse.parse(response)
    code = message.status.code if message.status else 0
    part = message.ok_response if code == 0 else message.denied_response
    options = part.headers if part else []
    headers = {option.header.key: option.header.value for option in options if option.header}
    actions = {int(option.append_action) for option in options}
    if code == 0:
        removed = list(message.ok_response.headers_to_remove) if message.ok_response else []
        return EnvoyAnswer(True, 200, headers, removed, "", actions)
    denied = message.denied_response
    status = int(denied.status.code) if denied and denied.status else 403
    return EnvoyAnswer(False, status, headers, [], denied.body if denied else "", actions)
