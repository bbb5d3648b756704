"""What is kept of sign-ins, and where."""

import pytest
from gateway.client.errors import SignInFailed

from tests.support.keycloak import RunningKeycloak

TYPED = "correct-horse-battery-staple"


@pytest.mark.covers("S19")
def test_user_name_typed_at_a_failed_sign_in_is_an_event_and_not_in_the_log(keycloak: RunningKeycloak) -> None:
    """Now and then it is a password, typed into the wrong field."""
    with pytest.raises(SignInFailed):
        keycloak.tokens("openid", user=(TYPED, "wrong"))
    events = keycloak.admin().get_events({"type": ["LOGIN_ERROR"]})
    assert [event for event in events if event["details"]["username"] == TYPED]
    assert TYPED not in keycloak.log.read_text(errors="replace")
