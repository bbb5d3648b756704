"""How a tool says how far it is, and what of that is sent (MCP, "Progress")."""

import asyncio
import math
from collections.abc import Callable
from typing import Any

Note = dict[str, Any]
"""A JSON-RPC notification."""


class Progress:
    """A parameter of this type gives a tool the means to tell a client that asked for it how far it is.

    It is no argument and stands in no schema. Where nobody asked, reports go nowhere.
    """

    def __init__(self, tell: Callable[[Note], None] | None = None) -> None:
        self._tell = tell
        self._furthest = -math.inf

    def report(self, done: float, total: float | None = None, message: str | None = None) -> None:
        """Say that ``done`` (of ``total``) is done. Returns at once; of reports in quick succession the last is sent.

        A report that does not go beyond the one before is dropped: MCP has progress increase.
        """
        if self._tell is None or not (math.isfinite(done) and done > self._furthest):
            return
        self._furthest = done
        told = {"progress": done, "total": total, "message": message}
        self._tell({name: value for name, value in told.items() if value is not None})


UNHEARD = Progress()
"""For calls of which nobody asked to be told."""


class Updates:
    """What one call has to say before its answer. Holds the newest report only, so a slow reader costs no memory."""

    def __init__(self, token: str | int | None) -> None:
        """``token`` is the client's for this call; None, and progress is not told."""
        self.progress = Progress(None if token is None else self._keep)
        self._token = token
        self._newest: Note | None = None
        self._news = asyncio.Event()

    def _keep(self, told: Note) -> None:
        params = {"progressToken": self._token, **told}
        self._newest = {"jsonrpc": "2.0", "method": "notifications/progress", "params": params}
        self.wake()

    def take(self) -> Note | None:
        """What has not been sent yet."""
        newest, self._newest = self._newest, None
        self._news.clear()
        return newest

    def wake(self) -> None:
        self._news.set()

    async def news(self) -> None:
        """Wait until there is something to take, or someone says ``wake``."""
        await self._news.wait()


def progress_token(params: dict[str, Any]) -> str | int | None:
    """The token under which the sender of a request wants to hear of it; None if it does not."""
    meta = params.get("_meta")
    token = meta.get("progressToken") if isinstance(meta, dict) else None
    return token if isinstance(token, str | int) and not isinstance(token, bool) else None
