"""Reads what comes over HTTP, from clients and from Keycloak, without holding more of it than was agreed."""

from aiohttp import StreamReader


async def read_at_most(content: StreamReader, limit: int) -> bytes | None:
    """The body, or None if it has more than ``limit`` bytes: then hardly more than the limit was read."""
    body = bytearray()
    async for chunk in content.iter_any():
        body += chunk
        if len(body) > limit:
            return None
    return bytes(body)
