"""What a client scope that opens a resource looks like in Keycloak, and what must change so that a realm has them all.

One optional client scope stands in for the `resource` parameter (RFC 8707), which Keycloak ignores: it puts the
resource's URL into a token's audience. The gateway's client must be in it too, or Keycloak's introspection (since
26.6.2) calls the token inactive.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Json = dict[str, Any]

AUDIENCE_MAPPER = "oidc-audience-mapper"
GATEWAY_CLIENT = "api-gateway"
RESOURCE_MAPPER_NAME = "audience of the resource"
GATEWAY_MAPPER_NAME = "audience of the gateway"


def client_scope(name: str, title: str, audiences: Sequence[str], tools: Iterable[str]) -> Json:
    """The client scope `name` as a realm lists it. `tools` are those that need it; none: every request does."""
    needed_by = " and ".join(", ".join(tools).rsplit(", ", 1)) if (tools := list(tools)) else ""
    return {
        "name": name,
        "description": f"Needed by {needed_by} of {title}" if needed_by else f"Opens {title} at the gateway",
        "protocol": "openid-connect",
        "attributes": {
            "include.in.token.scope": "true",
            "display.on.consent.screen": "true",
            "consent.screen.text": f"Use {needed_by} of {title}" if needed_by else f"Use {title}",
        },
        "protocolMappers": [gateway_mapper(), *resource_mappers(audiences), email_mapper()],
    }


def gateway_mapper() -> Json:
    """Lets the gateway introspect the tokens."""
    return audience_mapper(GATEWAY_MAPPER_NAME, "included.client.audience", GATEWAY_CLIENT)


def resource_mappers(audiences: Sequence[str]) -> list[Json]:
    """Makes tokens for the resources; a scope opens more than one only where the policy says so for each."""
    names = [RESOURCE_MAPPER_NAME, *(f"{RESOURCE_MAPPER_NAME} {audience}" for audience in audiences[1:])]
    return [
        audience_mapper(name, "included.custom.audience", audience)
        for name, audience in zip(names, audiences, strict=False)
    ]


def audience_mapper(name: str, member: str, audience: str) -> Json:
    """Adds `audience` to access tokens."""
    return _mapper(
        name,
        AUDIENCE_MAPPER,
        {
            member: audience,
            "id.token.claim": "false",
            "access.token.claim": "true",
            "introspection.token.claim": "true",
        },
    )


def email_mapper() -> Json:
    """Clients that ask for this scope alone get tokens without `email` otherwise."""
    return _mapper(
        "email",
        "oidc-usermodel-attribute-mapper",
        {
            "user.attribute": "email",
            "claim.name": "email",
            "jsonType.label": "String",
            "access.token.claim": "true",
            "introspection.token.claim": "true",
            "id.token.claim": "false",
            "userinfo.token.claim": "false",
        },
    )


def _mapper(name: str, kind: str, config: Mapping[str, str]) -> Json:
    return {
        "name": name,
        "protocol": "openid-connect",
        "protocolMapper": kind,
        "consentRequired": False,
        "config": dict(config),
    }
