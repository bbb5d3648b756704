"""A second address for something that listens on loopback, which can be taken away with all its connections."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

START_S = 20


@contextmanager
def relay(address: str, port: int) -> Iterator[None]:
    """What connects to ``address`` is connected to 127.0.0.1, at the same port; until the block ends."""
    loop, ready, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def serve() -> None:
        server = await asyncio.start_server(lambda reader, writer: _joined(reader, writer, port), address, port)
        ready.set()
        await stop.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), name=f"relay-{address}")
    thread.start()
    try:
        assert ready.wait(START_S), "the relay did not start"
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(START_S)
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _joined(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    there, back = await asyncio.open_connection("127.0.0.1", port)
    try:
        await asyncio.wait(
            [asyncio.create_task(_copied(reader, back)), asyncio.create_task(_copied(there, writer))],
            return_when=asyncio.FIRST_COMPLETED,
        )
    finally:
        back.transport.abort()
        writer.transport.abort()


async def _copied(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while some := await reader.read(65536):
            writer.write(some)
            await writer.drain()
