"""What counts as a token in an Authorization header, and what never reaches the authorization server."""

import pytest
from ext_authz.bearer import MAX_CREDENTIALS_BYTES, read_bearer
from ext_authz.verdict import Reason
from hypothesis import example, given
from hypothesis import strategies as st

B64TOKEN = "ABCXYZabcxyz0189-._~+/"


@pytest.mark.covers("A1")
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
@pytest.mark.parametrize("token", ["a", "a.b.c", "aGk=", "aGk==", B64TOKEN])
def test_a_b64token_after_the_scheme_is_the_token_whatever_the_scheme_s_case(scheme: str, token: str) -> None:
    assert read_bearer(f"{scheme} {token}") == token


@pytest.mark.covers("R4")
def test_several_spaces_after_the_scheme_are_allowed() -> None:
    """RFC 9110 §11.4: credentials = auth-scheme [ 1*SP token68 ]."""
    assert read_bearer("Bearer   abc") == "abc"


@pytest.mark.covers("R4", "S2")
@pytest.mark.parametrize(
    "value",
    [None, "", " ", "Basic dXNlcjpwYXNz", "Negotiate abc", "Token abc", "Bearerabc", " Bearer abc", "bear er a"],
)
def test_no_header_or_another_scheme_is_as_if_no_token_were_there(value: str | None) -> None:
    assert read_bearer(value) is Reason.TOKEN_ABSENT


@pytest.mark.covers("R4", "S2")
@pytest.mark.parametrize(
    "value",
    [
        "Bearer",
        "Bearer ",
        "Bearer  ",
        "Bearer a b",
        "Bearer a ",
        "Bearer =",
        "Bearer a=b",
        "Bearer é",
        "Bearer a;b",
        'Bearer "abc"',
        "Bearer token=abc",
        "Bearer abc\xa0",
        "Bearer a\u2028b",
        "Bearer Bearer abc",
        "Bearer a%20b",
    ],
)
def test_a_bearer_value_that_is_no_b64token_is_a_malformed_token(value: str) -> None:
    assert read_bearer(value) is Reason.TOKEN_MALFORMED


@pytest.mark.covers("R4", "S2")
@pytest.mark.parametrize(
    "value",
    [
        "Bearer a,Bearer b",
        "Bearer a, Bearer a",
        "Basic x,Bearer b",
        "Bearer b,Basic x",
        "Bearer ,",
        ",Bearer a",
        ",",
        "Bearer a\r\nX: y",
        "Bearer a\x00",
        "Bearer\ta",
        "Bearer a\tb",
        "\x7fBearer a",
        "Basic a\nBearer b",
    ],
)
def test_a_doubled_header_a_comma_or_a_control_character_is_ambiguous(value: str) -> None:
    assert read_bearer(value) is Reason.CREDENTIALS_AMBIGUOUS


@pytest.mark.covers("R4", "S2", "S9")
def test_credentials_of_just_8_kib_are_read_and_one_byte_more_is_too_long() -> None:
    longest = "Bearer " + "a" * (MAX_CREDENTIALS_BYTES - len("Bearer "))
    assert read_bearer(longest) == longest.removeprefix("Bearer ")
    assert read_bearer(longest + "a") is Reason.CREDENTIALS_TOO_LONG
    assert read_bearer("é" * (MAX_CREDENTIALS_BYTES // 2 + 1)) is Reason.CREDENTIALS_TOO_LONG


@pytest.mark.covers("S2")
@given(st.text())
def test_whatever_the_header_says_a_token_has_only_b64token_characters(value: str) -> None:
    for header in (value, f"Bearer {value}"):
        token = read_bearer(header)
        if isinstance(token, str):
            assert token
            assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=")


@pytest.mark.covers("R4", "S2")
@given(st.text(alphabet=st.one_of(st.sampled_from(B64TOKEN + "= ,\t"), st.characters()), max_size=40))
@example("\ud800")  # no UTF-8: no such text comes by gRPC, but the reader is not to rely on it
def test_the_usual_way_of_writing_the_scheme_is_no_other_than_any(rest: str) -> None:
    """It is read by a way of its own, which is faster."""
    assert read_bearer(f"Bearer {rest}") == read_bearer(f"bearer {rest}")
