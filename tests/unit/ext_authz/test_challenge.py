"""The WWW-Authenticate header."""

import pytest
from ext_authz.challenge import challenge, metadata_url, quoted
from ext_authz.verdict import OAuthError

from tests.support.authz import shipped_policy

WEATHER = shipped_policy().resources["weather"]
METADATA = "https://gateway.example/.well-known/oauth-protected-resource/mcp/weather"


@pytest.mark.covers("R1")
def test_the_metadata_stands_between_host_and_path() -> None:
    assert metadata_url(WEATHER) == METADATA


@pytest.mark.covers("R2")
def test_without_a_token_the_challenge_names_metadata_and_scope_but_no_error() -> None:
    expected = f'Bearer resource_metadata="{METADATA}", scope="mcp:weather"'
    assert challenge(WEATHER, frozenset(), None) == expected


@pytest.mark.covers("R2")
def test_with_a_token_it_names_the_error_too() -> None:
    assert challenge(WEATHER, WEATHER.scopes, OAuthError.INVALID_TOKEN).endswith(', error="invalid_token"')


@pytest.mark.covers("R3")
def test_a_step_up_names_every_scope_in_a_fixed_order() -> None:
    scopes = WEATHER.tools["get_weather_alerts"]
    assert 'scope="mcp:weather mcp:weather:alerts"' in challenge(WEATHER, scopes, OAuthError.INSUFFICIENT_SCOPE)


@pytest.mark.covers("S15")
def test_quotes_and_backslashes_are_escaped() -> None:
    assert quoted('a"b\\c') == '"a\\"b\\\\c"'


@pytest.mark.covers("S15")
@pytest.mark.parametrize("value", ["a\r\nb", "é", "\x00", "\t"])
def test_what_no_header_may_carry_is_not_quoted_but_refused(value: str) -> None:
    with pytest.raises(ValueError, match="header"):
        quoted(value)
