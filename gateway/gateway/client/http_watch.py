"""What the SDK keeps to itself about HTTP: the answer that refused a message, and how much a server sends.

The SDK turns a status into a JSON-RPC error of its own and drops the headers, with them the challenge and Retry-After.
"""

from collections.abc import AsyncIterator

import httpx2

from gateway.client.errors import CallFailed, ClientError
from gateway.client.refusals import TRY_LATER, refusal

MAX_BYTES = 64 * 2**20  # of one conversation; the SDK itself bounds events only
# Answers about the caller or the moment. The SDK would take one to its first message for a sign of an older server and
# ask again, which costs the caller twice what the rate limit counts; any other status is left to it to judge.
FINAL = {httpx2.codes.UNAUTHORIZED, httpx2.codes.FORBIDDEN, *TRY_LATER}


class HttpWatch:
    """Looks at every answer of one conversation. `refused` is what the last message met, None where it was taken."""

    def __init__(self, url: str) -> None:
        self.refused: ClientError | None = None
        self._url = url
        self._received = 0

    async def __call__(self, response: httpx2.Response) -> None:
        """Called by httpx2 before it reads the body. Raises ClientError where nothing more is worth asking."""
        # A server may well refuse the stream of notifications (GET) or the end of a session (DELETE).
        is_message = response.request.method == "POST"
        if is_message:
            self.refused = None
        if response.headers.get("content-encoding", "identity") != "identity":  # small to send, large to unpack
            raise CallFailed(f"{self._url} compresses its answer, though it was asked not to")
        if isinstance(response.stream, httpx2.AsyncByteStream):
            response.stream = _Counted(response.stream, self)
        if is_message and response.is_error:
            await response.aread()
            self.refused = refusal(response)
            if response.status_code in FINAL:
                raise self.refused

    def count(self, received: int) -> None:
        """Raises CallFailed where a server sends without end."""
        self._received += received
        if self._received > MAX_BYTES:
            raise CallFailed(f"{self._url} sends more than {MAX_BYTES // 2**20} MiB")


class _Counted(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream, watch: HttpWatch) -> None:
        self._stream = stream
        self._watch = watch

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._stream:
            self._watch.count(len(part))
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()
