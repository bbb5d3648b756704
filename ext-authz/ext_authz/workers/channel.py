"""JSON objects, one on each line, over a connected pair of sockets: no path and no port that a stranger could open."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Mapping
from typing import Any

LONGEST_LINE = 8 * 1024 * 1024
MOST_UNREAD = 8 * 1024 * 1024
"""Bytes that may wait for the other side. Beyond it that side hangs, and the channel ends rather than lose a word."""

Message = Mapping[str, Any]


class Channel:
    """One end. Sending never waits; what was sent arrives, in order, or the channel ends."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def over(cls, end: socket.socket) -> "Channel":
        return cls(*await asyncio.open_unix_connection(sock=end, limit=LONGEST_LINE))

    def send(self, message: Message) -> None:
        if self._writer.is_closing():
            return
        self._writer.write(json.dumps(message).encode() + b"\n")
        if self._writer.transport.get_write_buffer_size() > MOST_UNREAD:
            self._writer.transport.abort()

    async def messages(self) -> AsyncIterator[Message]:
        """Until the other side is gone."""
        try:
            async for line in self._reader:
                yield json.loads(line)
        except (ConnectionError, ValueError):  # a half line, or one that is too long: it ended in the middle
            return

    def close(self) -> None:
        self._writer.close()
