"""Asks Keycloak's introspection endpoint (RFC 7662) through python-keycloak. No other file imports that library.

What the library does was read in its source (7.1): ``a_introspect`` makes one POST to the fixed path
``realms/<realm>/protocol/openid-connect/token/introspect`` below the server URL, without discovery first, with the
client's secret in the form. It wraps whatever goes wrong on the way in ``KeycloakConnectionError``. For a body that is
not a JSON object it raises ``TypeError`` with that body in its text, which is why causes here are words of our own. Its
HTTP client obeys proxy variables and reads answers of any size, so it is given another (keycloak_transport).
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from keycloak import KeycloakOpenID
from keycloak.exceptions import KeycloakConnectionError, KeycloakError

from ext_authz.introspection import AuthorizationServerUnavailable, QuestionRefused
from ext_authz.keycloak_transport import AnswerTooLarge, ConnectionDropped, KeycloakHttp


class KeycloakIntrospection:
    """An ``AuthorizationServer``: one client for the process, made in its event loop. Deadlines are the caller's."""

    def __init__(self, server_url: str, realm: str, client_id: str, client_secret: str) -> None:
        self._openid = KeycloakOpenID(
            server_url=server_url.rstrip("/") + "/",
            realm_name=realm,
            client_id=client_id,
            client_secret_key=client_secret,
            timeout=None,
        )
        self._openid.connection.async_s = KeycloakHttp()  # type: ignore[assignment]  # has all that is asked of it

    async def introspect(self, token: str) -> Mapping[str, Any]:
        """See ``AuthorizationServer``. A dropped connection is tried again once: introspection changes nothing."""
        try:
            return await self._introspect(token)
        except _Dropped:
            try:
                return await self._introspect(token)
            except _Dropped as error:
                raise AuthorizationServerUnavailable("connection_dropped") from error

    async def aclose(self) -> None:
        """Close the kept connections."""
        await self._openid.connection.aclose()

    async def _introspect(self, token: str) -> dict[str, Any]:
        try:
            return await self._openid.a_introspect(token)
        except KeycloakConnectionError as error:
            if isinstance(error.__cause__, ConnectionDropped):
                raise _Dropped from error
            raise AuthorizationServerUnavailable(_connection_cause(error.__cause__)) from None
        except KeycloakError as error:
            if error.response_code == HTTPStatus.BAD_REQUEST:
                # Whatever it raises while it looks at a token, Keycloak answers so ("Failed to introspect token.").
                raise QuestionRefused("http_400") from None
            # 401 is about us (client id or secret wrong), not about the token: RFC 7662 §2.3.
            raise AuthorizationServerUnavailable(f"http_{error.response_code}") from None
        except (TypeError, ValueError, RecursionError):
            raise AuthorizationServerUnavailable("not_json") from None


class _Dropped(Exception):
    pass


def _connection_cause(error: BaseException | None) -> str:
    return "answer_too_large" if isinstance(error, AnswerTooLarge) else "unreachable"
