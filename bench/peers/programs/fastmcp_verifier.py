"""How both fastmcp programs judge tokens and serve: introspection cached for ten seconds, one HTTP client for it, no
sessions, plain JSON."""

import httpx2
from fastmcp.server.auth.providers.introspection import IntrospectionTokenVerifier

SERVED = {
    "host": "127.0.0.1",
    "show_banner": False,
    "json_response": True,
    "stateless_http": True,
    "log_level": "warning",
    "uvicorn_config": {"access_log": False, "loop": "uvloop"},
}


def verifier(url: str, audience: str, secret: str) -> IntrospectionTokenVerifier:
    """As set up as it can be: the default client loads the CA bundle for each call."""
    return IntrospectionTokenVerifier(
        introspection_url=url,
        client_id="api-gateway",
        client_secret=secret,
        client_auth_method="client_secret_post",
        required_scopes=["mcp:calculator"],
        audience=audience,
        cache_ttl_seconds=10,
        http_client=httpx2.AsyncClient(),
    )
