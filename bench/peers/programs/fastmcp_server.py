"""``add`` as fastmcp serves it: introspection cached for ten seconds, one HTTP client for it, no sessions, plain JSON.

``fastmcp_server.py PORT INTROSPECTION_URL AUDIENCE SECRET``
"""

import sys

import httpx2
from fastmcp import FastMCP
from fastmcp.server.auth.providers.introspection import IntrospectionTokenVerifier

port, url, audience, secret = sys.argv[1:]
verifier = IntrospectionTokenVerifier(
    introspection_url=url,
    client_id="api-gateway",
    client_secret=secret,
    client_auth_method="client_secret_post",
    required_scopes=["mcp:calculator"],
    audience=audience,
    cache_ttl_seconds=10,
    http_client=httpx2.AsyncClient(),
)
server = FastMCP("calculator", auth=verifier)


@server.tool
def add(a: float, b: float) -> float:
    """The sum of a and b."""
    return a + b


server.run(
    "http",
    host="127.0.0.1",
    port=int(port),
    show_banner=False,
    json_response=True,
    stateless_http=True,
    log_level="warning",
    uvicorn_config={"access_log": False, "loop": "uvloop"},
)
