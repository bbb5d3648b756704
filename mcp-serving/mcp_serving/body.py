"""Reads the body of a POST, within bounds of form, size and time."""

import asyncio

from aiohttp import web
from mcp_wire import is_json_media_type

MAX_BODY_BYTES = 1024 * 1024
"""As much as the gateway passes on."""

BODY_SECONDS = 15.0
"""A body that takes longer to arrive is given up on."""


async def read_body(request: web.Request, seconds: float = BODY_SECONDS) -> bytes:
    """The body as sent, if it arrives within ``seconds``.

    Raises:
        web.HTTPException: 415 for another media type or any content coding, 413 for a body that is too long (aiohttp,
            by ``client_max_size``), 408 for one that does not arrive.
    """
    if not is_json_media_type(",".join(request.headers.getall("Content-Type", []))):
        raise web.HTTPUnsupportedMediaType(text="Content-Type must be application/json")
    # A coded body is refused and not decoded: the gateway has decided on the bytes, and a small one may become huge.
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise web.HTTPUnsupportedMediaType(text="send the body without a Content-Encoding")
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise web.HTTPRequestEntityTooLarge(MAX_BODY_BYTES, text=f"the body is longer than {MAX_BODY_BYTES} bytes")
    if request.content.is_eof():  # it came with the head, as small ones do: no clock need be set
        return await request.read()
    try:
        async with asyncio.timeout(seconds):
            return await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout(text="the body took too long to arrive") from None
