"""How strictly an introspection answer is read."""

from typing import Any

import pytest
from ext_authz.claims import Claims, UnreadableAnswer, read_claims
from ext_authz.verdict import Reason
from hypothesis import given
from hypothesis import strategies as st

from tests.support.authz import ISSUER, NOW, WEATHER_URL, answer


@pytest.mark.covers("A2")
def test_an_active_access_token_is_read_whole() -> None:
    claims = read_claims(answer(nbf=NOW - 1), ISSUER)
    assert isinstance(claims, Claims)
    assert claims.identity.subject == "user-1"
    assert claims.identity.email == "user@example.org"
    assert claims.identity.scopes == {"openid", "mcp:weather"}
    assert claims.audience == {"api-gateway", WEATHER_URL}
    assert (claims.expires_at, claims.not_before) == (NOW + 300, NOW - 1)


@pytest.mark.covers("A4", "S4", "S5")
def test_an_inactive_token_is_inactive_whatever_else_the_answer_says() -> None:
    assert read_claims({"active": False}, ISSUER) is Reason.TOKEN_INACTIVE
    assert read_claims(answer(active=False), ISSUER) is Reason.TOKEN_INACTIVE


@pytest.mark.covers("F8")
@pytest.mark.parametrize("active", ["true", "True", 1, 1.0, None, [], [True], {}, ...])
def test_active_must_be_the_boolean(active: object) -> None:
    with pytest.raises(UnreadableAnswer) as caught:
        read_claims(answer(active=active), ISSUER)
    assert caught.value.member == "active"


@pytest.mark.covers("F8")
@pytest.mark.parametrize("member", ["iss", "typ", "token_type", "sub", "email", "scope"])
@pytest.mark.parametrize("value", [1, True, ["x"], {"x": "y"}])
def test_texts_must_be_texts(member: str, value: object) -> None:
    with pytest.raises(UnreadableAnswer) as caught:
        read_claims(answer(**{member: value}), ISSUER)
    assert caught.value.member == member


@pytest.mark.covers("F8")
@pytest.mark.parametrize("member", ["exp", "nbf", "iat"])
@pytest.mark.parametrize(
    "value", [True, "1800000300", float("nan"), float("inf"), -float("inf"), 10**400, [1], {}], ids=repr
)
def test_times_must_be_finite_numbers_and_a_boolean_is_none(member: str, value: object) -> None:
    with pytest.raises(UnreadableAnswer) as caught:
        read_claims(answer(**{member: value}), ISSUER)
    assert caught.value.member == member


@pytest.mark.covers("F8", "R5")
@pytest.mark.parametrize("audience", [1, True, {"a": 1}, [1], [None], ["a", 2], [["a"]]])
def test_an_audience_is_a_text_or_a_list_of_texts(audience: object) -> None:
    with pytest.raises(UnreadableAnswer):
        read_claims(answer(aud=audience), ISSUER)


@pytest.mark.covers("R5")
@pytest.mark.parametrize(
    ("audience", "read"), [("one", {"one"}), ([], set()), (..., set()), (["a", "b"], {"a", "b"}), ("a b", {"a b"})]
)
def test_an_audience_is_never_split(audience: object, read: set[str]) -> None:
    claims = read_claims(answer(aud=audience), ISSUER)
    assert isinstance(claims, Claims)
    assert claims.audience == read


@pytest.mark.covers("S14", "S15")
@pytest.mark.parametrize("scope", ["mcp:weather\tmcp:x", "a\nb", 'a"b', "a\\b", "café", "a\u00a0b", "a\x00"])
def test_what_is_no_list_of_scope_tokens_makes_the_answer_unreadable(scope: str) -> None:
    with pytest.raises(UnreadableAnswer) as caught:
        read_claims(answer(scope=scope), ISSUER)
    assert caught.value.member == "scope"


def test_a_token_without_scopes_has_none() -> None:
    claims = read_claims(answer(scope=...), ISSUER)
    assert isinstance(claims, Claims)
    assert claims.identity.scopes == frozenset()


@pytest.mark.covers("S4")
@pytest.mark.parametrize(
    "issuer", [ISSUER + "/", ISSUER.upper(), ISSUER[:-1], "https://gateway.example/realms/master", "", None, ...]
)
def test_another_issuer_is_refused_though_it_looks_alike(issuer: object) -> None:
    assert read_claims(answer(iss=issuer), ISSUER) is Reason.TOKEN_OF_ANOTHER_ISSUER


@pytest.mark.covers("S4")
@pytest.mark.parametrize(
    "changes",
    [
        {"typ": "ID"},
        {"typ": "Refresh"},
        {"typ": "Offline"},
        {"typ": "Logout"},
        {"typ": "ID", "token_type": ...},
        {"token_type": "DPoP"},
        {"typ": ..., "token_type": ...},
        {"typ": "", "token_type": ...},
        {"typ": "Bearer "},
        {"cnf": {"jkt": "thumbprint"}},
        {"cnf": {"x5t#S256": "thumbprint"}},
    ],
    ids=str,
)
def test_id_tokens_refresh_tokens_and_key_bound_tokens_are_no_bearer_access_tokens(changes: dict[str, Any]) -> None:
    assert read_claims(answer(**changes), ISSUER) is Reason.TOKEN_OF_ANOTHER_TYPE


@pytest.mark.parametrize("changes", [{"typ": ...}, {"token_type": ...}, {"typ": "bearer"}], ids=str)
def test_one_statement_of_the_type_is_enough(changes: dict[str, Any]) -> None:
    assert isinstance(read_claims(answer(**changes), ISSUER), Claims)


@pytest.mark.covers("S4")
@pytest.mark.parametrize("changes", [{"sub": ...}, {"sub": ""}, {"exp": ...}, {"exp": None}], ids=str)
def test_a_token_without_subject_or_expiry_is_incomplete(changes: dict[str, Any]) -> None:
    assert read_claims(answer(**changes), ISSUER) is Reason.TOKEN_INCOMPLETE


@pytest.mark.covers("A3")
@pytest.mark.parametrize("email", ["", None, ...])
def test_an_email_may_be_absent(email: object) -> None:
    claims = read_claims(answer(email=email), ISSUER)
    assert isinstance(claims, Claims)
    assert claims.identity.email is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.covers("F8")
@given(st.sampled_from(sorted(answer())), JSON)
def test_an_answer_with_any_json_in_any_member_is_read_refused_or_unreadable(member: str, value: object) -> None:
    try:
        read = read_claims(answer(**{member: value}), ISSUER)
    except UnreadableAnswer:
        return
    assert isinstance(read, Claims | Reason)


@pytest.mark.covers("S12", "S15")
@pytest.mark.parametrize("member", ["sub", "email", "iss", "typ", "sid", "scope"])
def test_a_claim_with_a_lone_surrogate_is_unreadable(member: str) -> None:
    """JSON can name one (``"\\ud800"``); no header could carry it, and no UTF-8 log."""
    with pytest.raises(UnreadableAnswer) as caught:
        read_claims(answer(**{member: "\ud800"}), ISSUER)
    assert caught.value.member == member


def test_the_error_names_the_member_and_never_the_value() -> None:
    with pytest.raises(UnreadableAnswer) as caught:
        read_claims(answer(email=["secret@example.org"]), ISSUER)
    assert "secret" not in str(caught.value)
