"""Who was admitted is remembered by address for as long as the address cannot be another's."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import grpc
import pytest
from ext_authz.peer import QUIET_SECONDS, GuardedServer, OnlyPeer, is_one_address

from tests.support.authz import FakeClock

ENVOY = {"peer_dns": [b"localhost", b"envoy"]}
ANOTHER = {"peer_dns": [b"mcp-weather"]}
METHOD = "/service/method"


class FakeContext:
    """A call's context: from where it comes, and what the certificate there says."""

    def __init__(self, address: str, says: Mapping[str, list[bytes]]) -> None:
        self.address, self.says, self.looked_at = address, says, 0

    def peer(self) -> str:
        return self.address

    def auth_context(self) -> Mapping[str, list[bytes]]:
        self.looked_at += 1
        return self.says

    async def abort(self, code: grpc.StatusCode, _details: str) -> None:
        raise PermissionError(code)


class FakeServer:
    """Keeps the handlers that are added."""

    def __init__(self) -> None:
        self.handlers: list[grpc.GenericRpcHandler] = []

    def add_generic_rpc_handlers(self, handlers: Any) -> None:
        self.handlers.extend(handlers)

    def finds(self, method: str) -> Any:
        return self.handlers[0].service(cast("grpc.HandlerCallDetails", SimpleNamespace(method=method)))


class Guarded:
    """A method that answers "done", guarded."""

    def __init__(self, *, remembers: bool = True) -> None:
        self.clock = FakeClock()
        self.peer, self.server = OnlyPeer("envoy", remembers=remembers, clock=self.clock), FakeServer()

        async def behaviour(_request: object, _context: object) -> str:
            return "done"

        handlers: dict[str, Any] = {"method": grpc.unary_unary_rpc_method_handler(behaviour)}
        added = GuardedServer(self.server, self.peer)
        added.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("service", handlers),))

    async def call(self, address: str, says: Mapping[str, list[bytes]]) -> int:
        """How often the certificate was looked at. Raises PermissionError."""
        context = FakeContext(address, says)
        assert await self.server.finds(METHOD).unary_unary(None, context) == "done"
        return context.looked_at


async def test_a_connection_is_looked_at_once() -> None:
    guarded = Guarded()
    assert [await guarded.call("ipv4:10.0.0.1:5000", ENVOY) for _ in range(3)] == [1, 0, 0]
    assert await guarded.call("ipv4:10.0.0.1:5001", ENVOY) == 1


@pytest.mark.covers("S11")
async def test_an_address_that_was_admitted_admits_nobody_else_after_a_handshake() -> None:
    guarded = Guarded()
    await guarded.call("ipv6:[::1]:5000", ENVOY)
    guarded.peer.shakes_hands()
    with pytest.raises(PermissionError):
        await guarded.call("ipv6:[::1]:5000", ANOTHER)


@pytest.mark.covers("S11")
async def test_a_late_call_of_a_connection_that_is_gone_admits_nobody_else() -> None:
    guarded = Guarded()
    guarded.peer.shakes_hands()
    await guarded.call("ipv4:10.0.0.1:5000", ENVOY)  # it waited while another took over its address
    with pytest.raises(PermissionError):
        await guarded.call("ipv4:10.0.0.1:5000", ANOTHER)
    guarded.clock.seconds += QUIET_SECONDS
    assert [await guarded.call("ipv4:10.0.0.1:5001", ENVOY) for _ in range(2)] == [1, 0]


@pytest.mark.covers("S11")
async def test_where_it_listens_on_several_addresses_each_call_is_looked_at() -> None:
    guarded = Guarded(remembers=False)
    assert [await guarded.call("ipv4:10.0.0.1:5000", ENVOY) for _ in range(2)] == [1, 1]
    with pytest.raises(PermissionError):  # the same address and port, connected to another of ours
        await guarded.call("ipv4:10.0.0.1:5000", ANOTHER)


@pytest.mark.parametrize(
    ("listen", "is_one"),
    [
        ("127.0.0.1:50051", True),
        ("[::1]:50051", True),
        ("10.1.2.3:1", True),
        ("0.0.0.0:50051", False),
        ("[::]:50051", False),
        ("localhost:50051", False),
        ("ext-authz:50051", False),
    ],
)
def test_one_address_is_a_number_that_is_not_all_of_them(listen: str, is_one: bool) -> None:
    assert is_one_address(listen) is is_one


@pytest.mark.covers("S11")
@pytest.mark.parametrize("says", [ANOTHER, {}, {"x509_subject_alternative_name": [b"envoy"]}])
async def test_who_was_refused_is_looked_at_and_refused_again(says: Mapping[str, list[bytes]]) -> None:
    guarded = Guarded()
    for _ in range(2):
        with pytest.raises(PermissionError):
            await guarded.call("ipv4:10.0.0.1:5000", says)


@pytest.mark.covers("S11")
async def test_an_address_that_several_may_have_at_once_is_never_remembered() -> None:
    guarded = Guarded()
    for address in ("unix:", "unix:/run/authz.sock", "unix-abstract:authz", ""):
        assert [await guarded.call(address, ENVOY) for _ in range(2)] == [1, 1]


@pytest.mark.covers("S10")
async def test_a_resumed_session_that_shows_no_certificate_is_refused() -> None:
    guarded = Guarded()
    with pytest.raises(PermissionError):  # it names no certificate, so it cannot be good any more
        await guarded.call("ipv4:10.0.0.1:5000", ENVOY | {"ssl_session_reused": [b"true"]})


async def test_a_method_is_wrapped_once_and_an_unknown_one_not_at_all() -> None:
    server = Guarded().server
    assert server.finds(METHOD) is server.finds(METHOD)
    assert server.finds("/service/other") is None
