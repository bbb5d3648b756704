"""Lets only Envoy speak to this server: whose certificate does not name it is refused, on every method.

Requiring a certificate of our CA is not enough. Every service has one, and none but Envoy may ask for decisions. Nor is
one that was good some time ago: a resumed session is refused once it has expired.
"""

from __future__ import annotations  # the stubs make these classes generic, the library does not

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NoReturn, TypeAlias

import grpc
from cryptography import x509

_PEER_DNS = "peer_dns"
"""gRPC's property for the DNS entries of the peer's SAN alone: an e-mail or URI entry must not pass for a host name."""

_RESUMED = "ssl_session_reused"
"""gRPC's property for a session that was resumed. Its client has shown no certificate now, and the one that it showed
then may have expired since (RFC 8446 §2.2). gRPC's server cannot be told not to offer it; Envoy does not take it up."""

_CERTIFICATE = "x509_pem_cert"

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


def _expired_since(peer: Mapping[str, Iterable[bytes]], now: Callable[[], datetime]) -> bool:
    """Whether a session was resumed whose certificate is good no longer. A whole handshake has looked at it itself."""
    if b"true" not in peer.get(_RESUMED, ()):
        return False
    ends = [_good_until(shown) for shown in peer.get(_CERTIFICATE, ())]
    return not ends or min(ends) <= now()


@lru_cache(maxsize=16)
def _good_until(pem: bytes) -> datetime:
    return x509.load_pem_x509_certificate(pem).not_valid_after_utc


class OnlyPeer(grpc.aio.ServerInterceptor):
    """Refuses with PERMISSION_DENIED whoever's certificate lacks ``san`` among its DNS names (RFC 9525 §6.3, exact)."""

    def __init__(self, san: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._san = san.encode()
        self._now = now
        self._checked: dict[str, Handler] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """Wraps the method's handler: the peer's certificate is only known once it runs."""
        # The method is wrapped once, its caller looked at every time: who asks on a connection is gRPC's to say.
        method = handler_call_details.method
        if method not in self._checked:
            handler = await continuation(handler_call_details)
            if handler is None:
                return None  # unknown method: gRPC answers UNIMPLEMENTED
            self._checked[method] = self._streaming(handler) if handler.response_streaming else self._unary(handler)
        return self._checked[method]

    def _is_admitted(self, context: Context) -> bool:
        peer = context.auth_context()
        return self._san in (peer.get(_PEER_DNS) or ()) and not _expired_since(peer, self._now)

    def _unary(self, handler: Handler) -> Handler:
        async def checked(request: Any, context: Context) -> Any:
            if not self._is_admitted(context):
                return await _refuse(context)
            return await behaviour(request, context)

        behaviour: Any = handler.stream_unary if handler.request_streaming else handler.unary_unary
        make = (
            grpc.stream_unary_rpc_method_handler if handler.request_streaming else grpc.unary_unary_rpc_method_handler
        )
        return make(checked, handler.request_deserializer, handler.response_serializer)

    def _streaming(self, handler: Handler) -> Handler:
        async def checked(request: Any, context: Context) -> None:
            if not self._is_admitted(context):
                await _refuse(context)
            answers = behaviour(request, context)
            if not hasattr(answers, "__aiter__"):  # a coroutine that writes to the context itself, as Health.Watch does
                await answers
                return
            async for answer in answers:
                await context.write(answer)

        behaviour: Any = handler.stream_stream if handler.request_streaming else handler.unary_stream
        make = (
            grpc.stream_stream_rpc_method_handler if handler.request_streaming else grpc.unary_stream_rpc_method_handler
        )
        return make(checked, handler.request_deserializer, handler.response_serializer)


async def _refuse(context: Context) -> NoReturn:
    await context.abort(grpc.StatusCode.PERMISSION_DENIED, "this certificate may not ask")
