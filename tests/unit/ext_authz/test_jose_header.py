"""Which tokens are refused without asking: JWTs whose header names no algorithm."""

import base64
import json

import pytest
from ext_authz.jose_header import names_no_algorithm
from hypothesis import given
from hypothesis import strategies as st

from tests.support.authz import TOKEN
from tests.support.strategies import TEXT


def _jwt(header: bytes) -> str:
    return base64.urlsafe_b64encode(header).rstrip(b"=").decode() + ".e30."


@pytest.mark.covers("S4")
@pytest.mark.parametrize(
    "header",
    [
        b"{}",
        b'{"typ":"JWT"}',
        b'{"alg":null}',
        b'{"alg":1}',
        b'{"alg":["RS256"]}',
        b"null",
        b"[]",
        b"1",
        b'{"Alg":"RS256"}',
    ],
)
def test_a_header_without_the_name_of_an_algorithm_is_told(header: bytes) -> None:
    assert names_no_algorithm(_jwt(header))


@pytest.mark.covers("S4")
@pytest.mark.parametrize(
    "token",
    [
        TOKEN,
        _jwt(b'{"alg":"none"}'),
        _jwt(b'{"alg":""}'),
        _jwt(b"{"),
        _jwt(b"[" * 9000),
        "opaque",
        "a.b.c",
        "..",
        "é.x",
    ],
)
def test_all_else_is_the_authorization_servers_to_judge(token: str) -> None:
    assert not names_no_algorithm(token)


@given(TEXT, st.dictionaries(TEXT, TEXT, max_size=3))
def test_whatever_is_sent_it_is_one_or_the_other(token: str, header: dict[str, str]) -> None:
    assert names_no_algorithm(token) in (True, False)
    assert names_no_algorithm(_jwt(json.dumps(header).encode())) is ("alg" not in header)
