"""Writes an answer: whole, as JSON, where it comes soon or must be; else as an event stream that is never silent.

The stream is begun as late as possible (at the first report of progress, or after ``KEEP_ALIVE_SECONDS`` of silence),
because an answer can have its own HTTP status until then, and many clients take larger answers whole than as one event.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from aiohttp import web

from mcp_serving.json_text import to_json
from mcp_serving.progress import Note, Updates
from mcp_serving.protocol import Answer

KEEP_ALIVE_SECONDS = 15.0
"""Something is written at least this often, so that nobody on the way takes a working tool for a dead connection."""

PROGRESS_GAP_SECONDS = 0.05
"""Progress is not written more often ("Both parties SHOULD implement rate limiting")."""

EVENTS = "text/event-stream"
_COMMENT = b": keep-alive\n\n"  # a line with a colon in front is a comment, which clients skip (WHATWG HTML §9.2)


async def respond(
    request: web.Request, answer: Coroutine[Any, Any, Answer], updates: Updates, keep_alive: float
) -> web.StreamResponse:
    """Answer ``request`` with what ``answer`` comes to. If the client leaves, ``answer`` is cancelled and waited for.

    So says MCP 2026-07-28 ("Cancellation"). Before, a disconnect SHOULD NOT have meant that; but without sessions the
    result of a legacy call could never be fetched, so it ends as well.
    """
    answering = asyncio.create_task(answer)
    answering.add_done_callback(lambda _: updates.wake())
    try:
        if wants_events(request):
            await _news(updates, keep_alive)
            if not answering.done():
                return await _stream(request, answering, updates, keep_alive)
        return _whole(request, await answering)
    finally:
        if not answering.done():
            answering.cancel()
            await asyncio.wait([answering])


def wants_events(request: web.Request) -> bool:
    return EVENTS in request.headers.get("Accept", "").lower()


def _wants_events_only(request: web.Request) -> bool:
    # MCP asks clients to accept both forms. One that names only the stream gets it; one that names neither gets JSON.
    accept = request.headers.get("Accept", "*/*").lower()
    return EVENTS in accept and not any(kind in accept for kind in ("application/json", "*/*"))


async def _news(updates: Updates, seconds: float) -> None:
    """Wait for progress or the answer, but not longer than ``seconds``."""
    # A timer that wakes, as the answer does. It is set for every call and hardly ever goes off; asyncio.timeout, which
    # can cancel what it waits for, takes five times as long to set.
    timer = asyncio.get_running_loop().call_later(seconds, updates.wake)
    try:
        await updates.news()
    finally:
        timer.cancel()


def _whole(request: web.Request, answer: Answer) -> web.Response:
    if not answer.body:
        return web.Response(status=answer.status)
    if answer.status == web.HTTPOk.status_code and _wants_events_only(request):
        return web.Response(body=_event(answer.body), headers=_HEADERS)
    return web.Response(status=answer.status, body=answer.body, content_type="application/json")


_HEADERS = {
    "Content-Type": EVENTS,
    "Cache-Control": "no-cache",
    "X-Accel-Buffering": "no",  # asks proxies on the way to pass each event on at once
}


async def _stream(
    request: web.Request, answering: "asyncio.Task[Answer]", updates: Updates, keep_alive: float
) -> web.StreamResponse:
    response = web.StreamResponse(headers=_HEADERS)
    with suppress(ConnectionError):  # the client left while it was written to: there is nobody to answer
        await response.prepare(request)
        while not answering.done():
            await _write_news(response, updates)
            await asyncio.wait([answering], timeout=PROGRESS_GAP_SECONDS)
            await _news(updates, keep_alive)
        if note := updates.take():
            await response.write(_told(note))
        await response.write(_event(answering.result().body))
        await response.write_eof()
    return response


async def _write_news(response: web.StreamResponse, updates: Updates) -> None:
    note = updates.take()
    await response.write(_told(note) if note else _COMMENT)


def _told(note: Note) -> bytes:
    return _event(to_json(note).encode(errors="replace"))


def _event(json: bytes) -> bytes:
    return b"event: message\ndata: " + json + b"\n\n"
