"""Registers a client at Keycloak (OpenID Connect Dynamic Client Registration; RFC 7591 §3)."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from mcp_wire.strict_json import read_json

from ext_authz.introspection import AuthorizationServerUnavailable
from ext_authz.keycloak_transport import KeycloakHttp, TransportError

MAX_AT_ONCE = 8
"""Registrations that Keycloak is asked for at the same time, so that a flood of them leaves it time for tokens."""

_PASSED_ON = (201, 400, 403)
"""Registered; refused by its reading (RFC 7591 §3.2.2); refused by one of the realm's registration policies."""

# The first two lead to the management of the registration (RFC 7592), which the gateway does not route. The others are
# the gateway's own, with a name of the inside.
_LEFT_OUT = (
    "registration_access_token",
    "registration_client_uri",
    "backchannel_logout_uri",
    "backchannel_logout_session_required",
)


def registration_path(realm: str) -> str:
    """Keycloak's path, and the gateway's own: metadata documents name it to clients."""
    return f"/realms/{realm}/clients-registrations/openid-connect"


class KeycloakRegistration:
    """A ``ClientRegistry``: one for the process, made in its event loop. Deadlines are the caller's."""

    def __init__(self, server_url: str, realm: str, logout_url: str) -> None:
        """``logout_url`` is where Keycloak posts that a session of the client has ended."""
        # OpenID Connect Back-Channel Logout 1.0 §2.2
        self._added = {"backchannel_logout_uri": logout_url, "backchannel_logout_session_required": True}
        self._url = server_url.rstrip("/") + registration_path(realm)
        self._http = KeycloakHttp()
        self._slots = asyncio.Semaphore(MAX_AT_ONCE)

    async def register(self, metadata: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """See ``ClientRegistry``. Asked once only: a second time might register a second client."""
        headers = {
            "content-type": "application/json",
            "accept": "application/json",
            # Registrations are rare. A kept connection would mostly be one that Keycloak has closed in the meantime.
            "connection": "close",
        }
        content = json.dumps({**metadata, **self._added})
        try:
            async with self._slots:
                response = await self._http.request("POST", self._url, headers=headers, content=content)
        except TransportError as error:
            raise AuthorizationServerUnavailable("unreachable") from error
        if response.status_code not in _PASSED_ON:
            raise AuthorizationServerUnavailable(f"http_{response.status_code}")
        return response.status_code, _members(response.content)

    async def aclose(self) -> None:
        await self._http.aclose()


def _members(body: bytes) -> dict[str, Any]:
    try:
        answer = read_json(body)
    except ValueError:
        raise AuthorizationServerUnavailable("not_json") from None
    if not isinstance(answer, dict):
        raise AuthorizationServerUnavailable("not_json")
    return {name: value for name, value in answer.items() if name not in _LEFT_OUT}
