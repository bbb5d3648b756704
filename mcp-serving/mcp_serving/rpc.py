"""JSON-RPC dispatch by jsonrpcserver. This is the only file that knows it.

What the library would do by itself and must not at an edge: read bodies with ``json.loads`` (duplicate names, NaN),
accept batches, keep one registry of methods per process, and send ``str(exception)`` to clients.
"""

import warnings
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import structlog
from mcp_wire import INTERNAL_ERROR, Message

from mcp_serving.caller import Caller
from mcp_serving.operations import RpcRefusal
from mcp_serving.progress import Progress

with warnings.catch_warnings():
    # It reads its own schema by importlib.resources.read_text, which Python 3.11 and 3.12 call deprecated.
    warnings.simplefilter("ignore", DeprecationWarning)
    from jsonrpcserver import Error, Success, async_dispatch_to_serializable
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
        response = await async_dispatch_to_serializable(
            request,
            methods=self._methods,
            context=context,
            deserializer=attrgetter("raw"),  # read strictly already, and once: mcp_wire.read_message
            validator=_already_valid,  # by the same reader; the library's JSON Schema takes longer than a call
        )
        if not isinstance(response, dict):
            raise TypeError("jsonrpcserver gave no response to a request")
        return response


def _already_valid(request: Any) -> Any:
    return request


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

    return answer
