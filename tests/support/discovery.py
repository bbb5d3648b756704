"""The places where clients look for metadata: those of 2025-03-26 to 2026-07-28, and what SDKs have tried besides."""

import httpx
from gateway.runner.realm import read_resources

from tests.support.stack import ROOT

RESOURCES = read_resources(ROOT / "ext-authz" / "policy.yaml")
PROTECTED = "/.well-known/oauth-protected-resource"
NOT_THERE = [
    "/.well-known/oauth-protected-resource",
    "/.well-known/oauth-protected-resource/",
    "/.well-known/oauth-protected-resource/mcp",
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-authorization-server/mcp/weather",
    "/.well-known/openid-configuration",
    "/.well-known/openid-configuration/mcp/weather",
    "/mcp/weather/.well-known/oauth-protected-resource",
    "/mcp/weather/.well-known/oauth-authorization-server",
    "/mcp/calculator/.well-known/openid-configuration",
    "/mcp/unknown/.well-known/openid-configuration",
    "/realms/mcp-gateway/.well-known/oauth-protected-resource",
    "/realms/mcp-gateway/.well-known/uma2-configuration",
    "/.well-known/oauth-authorization-server/realms/master",
    "/.well-known/mcp.json",
    "/.well-known/mcp/server-card.json",
    # What clients of 2025-03-26 fall back to where they find no metadata
    "/authorize",
    "/token",
    "/register",
]
SIGN_IN = "/realms/mcp-gateway/.well-known/openid-configuration"
"""Below the issuer. Envoy looks at Keycloak by itself, so it may hold for unhealthy what /health has found well: where
this is answered, one can sign in."""

AUTHORIZATION_SERVER = [
    "/.well-known/oauth-authorization-server/realms/mcp-gateway",
    "/.well-known/openid-configuration/realms/mcp-gateway",
    SIGN_IN,
    "/realms/mcp-gateway/.well-known/oauth-authorization-server",
]


def statuses_of_discovery(client: httpx.Client) -> dict[str, set[int]]:
    """What each kind of place answers."""
    return {
        "resource": {client.get(PROTECTED + resource.path).status_code for resource in RESOURCES.values()},
        "authorization server": {client.get(path).status_code for path in AUTHORIZATION_SERVER},
        "not there": {client.get(path).status_code for path in NOT_THERE},
    }
