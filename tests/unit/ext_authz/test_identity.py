"""The X-User-* headers."""

from urllib.parse import unquote

import pytest
from ext_authz.identity import Identity, encode_claim
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.covers("A3")
def test_an_identity_becomes_three_headers_with_scopes_in_a_fixed_order() -> None:
    assert Identity("user-1", "a.b+c@example.org", frozenset({"z", "a"})).headers() == {
        "x-user-sub": "user-1",
        "x-user-email": "a.b+c@example.org",
        "x-user-scopes": "a z",
    }


@pytest.mark.covers("A3")
def test_what_the_token_does_not_say_is_none_and_not_an_empty_value() -> None:
    headers = Identity("user-1", None, frozenset()).headers()
    assert headers["x-user-email"] is None
    assert headers["x-user-scopes"] is None


@pytest.mark.covers("S1", "S15")
def test_both_the_subject_and_the_email_are_encoded_in_their_headers() -> None:
    headers = Identity("a,b", "x\r\ny", frozenset()).headers()
    assert (headers["x-user-sub"], headers["x-user-email"]) == ("a%2Cb", "x%0D%0Ay")


@pytest.mark.covers("S15")
@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        ("a,b@example.org", "a%2Cb@example.org"),
        ("a\r\nx-user-scopes: all", "a%0D%0Ax-user-scopes:%20all"),
        ("josé", "jos%C3%A9"),
        ('"quoted"', "%22quoted%22"),
        ("50%", "50%25"),
        ("@+:/!$'()*-._~", "@+:/!$'()*-._~"),
    ],
)
def test_a_claim_cannot_carry_a_comma_a_line_break_or_non_ascii(text: str, encoded: str) -> None:
    assert encode_claim(text) == encoded


@pytest.mark.covers("S15")
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_every_claim_is_one_printable_value_and_can_be_read_back(text: str) -> None:
    encoded = encode_claim(text)
    assert encoded.isascii()
    assert not set(encoded) & set(", \t\r\n\0")
    assert unquote(encoded) == text
