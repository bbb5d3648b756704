"""Who was admitted is remembered by address for as long as the address cannot be another's."""

from collections.abc import Mapping

import pytest
from ext_authz.peer import QUIET_SECONDS, OnlyPeer, is_one_address

from tests.support.authz import FakeClock

ENVOY = {"peer_dns": [b"localhost", b"envoy"]}
ANOTHER = {"peer_dns": [b"mcp-weather"]}


class FakeCaller:
    """From where a call comes, and what the certificate there says."""

    def __init__(self, address: str, says: Mapping[str, list[bytes]]) -> None:
        self.address, self.says, self.looked_at = address, says, 0

    def peer(self) -> str:
        return self.address

    def auth_context(self) -> Mapping[str, list[bytes]]:
        self.looked_at += 1
        return self.says


class Guarded:
    """Calls to what only Envoy may call."""

    def __init__(self, *, remembers: bool = True) -> None:
        self.clock = FakeClock()
        self.peer = OnlyPeer("envoy", remembers=remembers, clock=self.clock)

    def call(self, address: str, says: Mapping[str, list[bytes]]) -> int:
        """How often the certificate was looked at. Raises PermissionError."""
        caller = FakeCaller(address, says)
        if not self.peer.admits(caller):
            raise PermissionError
        return caller.looked_at


def test_a_connection_is_looked_at_once() -> None:
    guarded = Guarded()
    assert [guarded.call("ipv4:10.0.0.1:5000", ENVOY) for _ in range(3)] == [1, 0, 0]
    assert guarded.call("ipv4:10.0.0.1:5001", ENVOY) == 1


@pytest.mark.covers("S11")
def test_an_address_that_was_admitted_admits_nobody_else_after_a_handshake() -> None:
    guarded = Guarded()
    guarded.call("ipv6:[::1]:5000", ENVOY)
    guarded.peer.shakes_hands()
    with pytest.raises(PermissionError):
        guarded.call("ipv6:[::1]:5000", ANOTHER)


@pytest.mark.covers("S11")
def test_a_late_call_of_a_connection_that_is_gone_admits_nobody_else() -> None:
    guarded = Guarded()
    guarded.peer.shakes_hands()
    guarded.call("ipv4:10.0.0.1:5000", ENVOY)  # it waited while another took over its address
    with pytest.raises(PermissionError):
        guarded.call("ipv4:10.0.0.1:5000", ANOTHER)
    guarded.clock.seconds += QUIET_SECONDS
    assert [guarded.call("ipv4:10.0.0.1:5001", ENVOY) for _ in range(2)] == [1, 0]


@pytest.mark.covers("S11")
def test_a_handshake_while_an_address_is_being_remembered_makes_it_be_forgotten() -> None:
    guarded = Guarded()

    class Interrupted(set[str]):
        """Another connection's handshake begins just before an address is added."""

        def add(self, address: str) -> None:
            guarded.peer.shakes_hands()
            super().add(address)

    guarded.peer._admitted = Interrupted()
    guarded.call("ipv4:10.0.0.1:5000", ENVOY)
    with pytest.raises(PermissionError):
        guarded.call("ipv4:10.0.0.1:5000", ANOTHER)


@pytest.mark.covers("S11")
def test_where_it_listens_on_several_addresses_each_call_is_looked_at() -> None:
    guarded = Guarded(remembers=False)
    assert [guarded.call("ipv4:10.0.0.1:5000", ENVOY) for _ in range(2)] == [1, 1]
    with pytest.raises(PermissionError):  # the same address and port, connected to another of ours
        guarded.call("ipv4:10.0.0.1:5000", ANOTHER)


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
def test_who_was_refused_is_looked_at_and_refused_again(says: Mapping[str, list[bytes]]) -> None:
    guarded = Guarded()
    for _ in range(2):
        with pytest.raises(PermissionError):
            guarded.call("ipv4:10.0.0.1:5000", says)


@pytest.mark.covers("S11")
def test_an_address_that_several_may_have_at_once_is_never_remembered() -> None:
    guarded = Guarded()
    for address in ("unix:", "unix:/run/authz.sock", "unix-abstract:authz", ""):
        assert [guarded.call(address, ENVOY) for _ in range(2)] == [1, 1]


@pytest.mark.covers("S10")
def test_a_resumed_session_that_shows_no_certificate_is_refused() -> None:
    guarded = Guarded()
    with pytest.raises(PermissionError):  # it names no certificate, so it cannot be good any more
        guarded.call("ipv4:10.0.0.1:5000", ENVOY | {"ssl_session_reused": [b"true"]})
