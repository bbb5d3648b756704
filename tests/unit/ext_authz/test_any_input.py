"""Readers of what strangers send: any input is read or refused as it should be, and nothing else is raised."""

import base64
import json
import time
from typing import Any

import pytest
from ext_authz.expiring_lru import ExpiringLru
from ext_authz.failure_limit import FailureLimit, group
from ext_authz.logout_token import LogoutTokenRefused, key_id, read_logout_token
from ext_authz.registration import (
    MAX_CLIENT_NAME_LENGTH,
    MAX_REDIRECT_URIS,
    RegistrationRefused,
    client_metadata,
    for_any_port,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.support.authz import (
    ISSUER,
    FakeClock,
)
from tests.support.logout import key_set, logout_claims, logout_token, signing_key
from tests.support.strategies import JSON, TEXT

KEY = signing_key()


def _jwt(header: bytes, claims: bytes) -> str:
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (header, claims, b"signature"))


PARTS = st.binary(max_size=30) | JSON.map(lambda value: json.dumps(value).encode())
DEEP = b"[" * 9000
TOKENS = st.one_of(
    TEXT,
    st.tuples(PARTS, PARTS).map(lambda parts: _jwt(*parts)),
    st.just(_jwt(DEEP, b"{}")),
    st.just(_jwt(b'{"kid":' + DEEP, b"{}")),
    st.just(_jwt(b'{"kid":' + b"9" * 5000 + b"}", b"{}")),
)


@pytest.mark.covers("O18")
@given(TOKENS)
def test_any_logout_token_that_the_realm_did_not_sign_is_refused_and_nothing_else(token: str) -> None:
    for read in (key_id, lambda text: read_logout_token(text, key_set(KEY), ISSUER, time.time())):
        try:
            read(token)
        except LogoutTokenRefused as refused:
            assert refused.fault in ("it is not a JWT", "it is not a JWT that this realm signed")


@pytest.mark.covers("O18")
@given(
    st.dictionaries(st.sampled_from(["iss", "iat", "exp", "sid", "sub", "events", "nonce", "aud"]), JSON, max_size=3)
)
def test_any_claims_that_the_realm_signed_tell_of_a_logout_or_are_refused(changes: dict[str, Any]) -> None:
    token = logout_token(KEY, logout_claims(**changes))
    try:
        logout = read_logout_token(token, key_set(KEY), ISSUER, time.time())
    except LogoutTokenRefused:
        return
    assert logout.session or logout.subject
    assert "nonce" not in changes


URIS = st.sampled_from(
    [
        "http://localhost/cb",
        "http://127.0.0.1:8080/",
        "http://[::1]:1/a/b",
        "http://localhost:99999/",
        "http://localhost.evil.example/",
        "http://localhost@evil.example/",
        "http://localhost/../x",
        "https://claude.ai/api/mcp/auth_callback",
        "https://evil.example/",
        "javascript:alert(1)",
    ]
)
REGISTRATIONS = st.fixed_dictionaries(
    {"redirect_uris": st.lists(URIS | TEXT, max_size=12) | JSON},
    optional={
        "client_name": TEXT | JSON,
        "grant_types": st.lists(st.sampled_from(["authorization_code", "client_credentials"])) | JSON,
        "response_types": st.just(["code"]) | JSON,
        "token_endpoint_auth_method": st.just("none") | JSON,
        **dict.fromkeys(["jwks_uri", "logo_uri", "scope", "backchannel_logout_uri", "request_uris"], JSON),
    },
)


@pytest.mark.covers("O13")
@given(REGISTRATIONS.map(lambda asked: json.dumps(asked).encode()) | st.binary(max_size=60))
def test_any_registration_is_refused_or_has_nothing_but_what_is_on_the_list(body: bytes) -> None:
    try:
        accepted = client_metadata(body)
    except RegistrationRefused:
        return
    allowed = {"redirect_uris", "grant_types", "response_types", "token_endpoint_auth_method", "client_name"}
    assert set(accepted) <= allowed
    assert 1 <= len(accepted["redirect_uris"]) <= MAX_REDIRECT_URIS
    assert "client_credentials" not in accepted["grant_types"]
    assert len(accepted.get("client_name", "x")) <= MAX_CLIENT_NAME_LENGTH
    for uri in for_any_port(accepted)["redirect_uris"]:
        assert uri.startswith(("http://localhost", "http://127.0.0.1", "http://[::1]", "https://claude.ai/api/"))
        assert "evil.example" not in uri
        assert ".." not in uri


ADDRESSES = st.ip_addresses().map(str) | TEXT


@pytest.mark.covers("S18")
@given(st.integers(1, 5), st.lists(st.tuples(ADDRESSES, st.floats(0, 30)), max_size=30))
def test_an_address_has_never_more_failures_than_its_bucket_holds_and_refills(
    per_minute: int, failures: list[tuple[str, float]]
) -> None:
    clock = FakeClock()
    limit = FailureLimit(per_minute, size=8, clock=clock)
    allowed: dict[str, list[float]] = {}
    for address, passed in failures:
        clock.seconds += passed
        if limit.wait_seconds(address):
            continue
        limit.failed(address)
        times = allowed.setdefault(group(address), [])
        times.append(clock.seconds)
        if len(allowed) <= 8:  # else the least recent bucket may have been forgotten
            in_a_minute = [at for at in times if at > clock.seconds - 60]
            assert len(in_a_minute) <= 2 * per_minute
    assert limit.wait_seconds("192.0.2.77") == 0 or "192.0.2.77" in allowed


STEPS = st.lists(
    st.tuples(st.sampled_from(["put", "get", "drop", "wait"]), st.integers(0, 4), st.integers(-2, 9)), max_size=60
)


@pytest.mark.covers("S18")
@given(st.integers(1, 3), STEPS)
def test_a_bounded_map_never_grows_beyond_its_size_and_never_tells_what_has_ended(
    size: int, steps: list[tuple[str, int, int]]
) -> None:
    clock = FakeClock()
    entries: ExpiringLru[int, int] = ExpiringLru(size, clock)
    ends: dict[int, float] = {}
    for step, key, number in steps:
        if step == "put":
            entries.put(key, number, number)
            if number > 0:
                ends[key] = clock.seconds + number
        elif step == "drop":
            entries.drop(key)
            ends.pop(key, None)
        elif step == "wait":
            clock.seconds += max(0, number)
        elif (found := entries.look_up(key)) is not None:
            value, age = found
            assert entries.get(key) == value
            assert ends[key] == clock.seconds - age + value > clock.seconds
        assert len(entries) <= size
