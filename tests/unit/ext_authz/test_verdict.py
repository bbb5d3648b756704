"""The table from reason to answer."""

import pytest
from ext_authz.verdict import REFUSALS, Allow, OAuthError, Reason


def test_every_reason_has_an_answer() -> None:
    assert set(REFUSALS) == set(Reason)


@pytest.mark.covers("F4")
def test_no_answer_carries_the_grpc_code_that_allows() -> None:
    assert all(refusal.grpc_code != 0 for refusal in REFUSALS.values())


@pytest.mark.covers("F4")
def test_an_allow_cannot_be_made_without_an_identity() -> None:
    with pytest.raises(TypeError):
        Allow()  # type: ignore[call-arg]


@pytest.mark.covers("R2", "R3", "R4")
def test_oauth_errors_go_with_the_statuses_that_rfc_6750_gives_them() -> None:
    statuses = {OAuthError.INVALID_REQUEST: 400, OAuthError.INVALID_TOKEN: 401, OAuthError.INSUFFICIENT_SCOPE: 403}
    for refusal in REFUSALS.values():
        if refusal.oauth_error is not None:
            assert refusal.http_status == statuses[refusal.oauth_error]


@pytest.mark.covers("R4")
@pytest.mark.parametrize(
    ("reason", "status", "error"),
    [
        (Reason.TOKEN_ABSENT, 401, None),
        (Reason.TOKEN_MALFORMED, 401, "invalid_token"),
        (Reason.CREDENTIALS_AMBIGUOUS, 400, "invalid_request"),
        (Reason.CREDENTIALS_TOO_LONG, 431, None),
        (Reason.MEDIA_TYPE_REFUSED, 415, None),
        (Reason.CONTENT_ENCODING_REFUSED, 415, None),
        (Reason.ORIGIN_REFUSED, 403, None),
        (Reason.SCOPE_MISSING, 403, "insufficient_scope"),
        (Reason.AUTHORIZATION_SERVER_UNAVAILABLE, 503, None),
        (Reason.INTERNAL_FAULT, 503, None),
    ],
)
def test_reasons_are_answered_as_agreed(reason: Reason, status: int, error: str | None) -> None:
    refusal = REFUSALS[reason]
    assert refusal.http_status == status
    assert (refusal.oauth_error.value if refusal.oauth_error else None) == error
