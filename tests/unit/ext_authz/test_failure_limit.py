"""The bucket of failed introspections that each address has."""

import pytest
from ext_authz.failure_limit import FailureLimit, group

from tests.support.authz import FakeClock


@pytest.mark.covers("S18")
def test_the_bucket_empties_refills_and_says_how_long_to_wait() -> None:
    clock = FakeClock()
    limit = FailureLimit(6, clock=clock)
    for _ in range(6):
        assert limit.wait_seconds("192.0.2.1") == 0
        limit.failed("192.0.2.1")
    assert limit.wait_seconds("192.0.2.1") == 10
    clock.seconds += 4
    assert limit.wait_seconds("192.0.2.1") == 6
    clock.seconds += 6
    assert limit.wait_seconds("192.0.2.1") == 0
    limit.failed("192.0.2.1")
    assert limit.wait_seconds("192.0.2.1") == 10


@pytest.mark.covers("S18")
def test_without_a_limit_nothing_waits_and_nothing_is_remembered() -> None:
    limit = FailureLimit(0)
    for _ in range(1000):
        limit.failed("192.0.2.1")
    assert limit.wait_seconds("192.0.2.1") == 0


@pytest.mark.covers("S18")
def test_the_addresses_remembered_are_bounded() -> None:
    limit = FailureLimit(1, size=10)
    for number in range(100):
        limit.failed(f"192.0.2.{number}")
    assert len(vars(limit)["_full_at"]) == 10
    assert limit.wait_seconds("192.0.2.99") > 0


@pytest.mark.covers("S18")
@pytest.mark.parametrize(
    ("address", "bucket"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("", ""),
        ("@envoy-pipe", "@envoy-pipe"),
    ],
)
def test_an_address_shares_its_bucket_with_its_own_network_only(address: str, bucket: str) -> None:
    assert group(address) == bucket
