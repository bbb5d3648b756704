"""JSON-RPC dispatch by jsonrpcserver. This is the only file that knows it.

What the library would do by itself and must not at an edge: read bodies with ``json.loads`` (duplicate names, NaN),
accept batches, keep one registry of methods per process, and send ``str(exception)`` to clients.
"""

import inspect
import warnings
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from mcp_wire import INTERNAL_ERROR, Message

from mcp_serving.caller import Caller
from mcp_serving.operations import RpcRefusal
from mcp_serving.progress import Progress

with warnings.catch_warnings():
    # It reads its own schema by importlib.resources.read_text, which Python 3.11 and 3.12 call deprecated.
    warnings.simplefilter("ignore", DeprecationWarning)
    from jsonrpcserver import Error, Success
    from jsonrpcserver.async_dispatcher import dispatch_request
    from jsonrpcserver.dispatcher import create_request, to_response
    from jsonrpcserver.response import to_serializable
    from jsonrpcserver.sentinels import NODATA


@dataclass(frozen=True, slots=True)
class Context:
    """What a method is told besides the params."""

    caller: Caller
    progress: Progress


Method = Callable[[Context, dict[str, Any]], Awaitable[dict[str, Any]]]
Methods = Mapping[str, Method]

log = structlog.get_logger()


class Dispatcher:
    """Answers requests by a table of methods."""

    def __init__(self, methods: Methods) -> None:
        self._methods = {name: _guarded(method) for name, method in methods.items()}

    async def answer(self, request: Message, context: Context) -> dict[str, Any]:
        """The response object to ``request``, whose kind is a request (a notification has no answer)."""
        # The library's inner steps, not the whole way: that reads and validates the body again (mcp_wire has), and
        # makes a task for each message of a batch, which has but one here. A dispatch takes a quarter of the time.
        answered, result = await dispatch_request(self._methods, context, create_request(request.raw))
        response = to_serializable(to_response(answered, result))
        if not isinstance(response, dict):
            raise TypeError("jsonrpcserver gave no response to a request")
        return response


def _guarded(method: Method) -> Callable[..., Any]:
    # The context is positional-only so that a client's params may have any name.
    async def answer(context: Context, /, **params: Any) -> Any:
        try:
            return Success(await method(context, params))
        except RpcRefusal as refusal:
            return Error(refusal.code, refusal.text, NODATA if refusal.data is None else refusal.data)
        except Exception:
            # The text of an unforeseen exception may quote anything, so it goes to the log and not to the client.
            log.exception("method_failed", method=getattr(method, "__name__", "unknown"))
            return Error(INTERNAL_ERROR, "internal error; the server's log has the details under this request's id")

    # The library asks for the signature at every call; found here, it need not be made anew from the code each time.
    answer.__signature__ = inspect.signature(answer)  # type: ignore[attr-defined]
    return answer
