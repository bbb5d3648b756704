"""What can be wrong on the way to a token: challenge, metadata, registration, tokens."""

from tests.integration.doctor.spoiling import (
    FAILURE,
    NO_ERROR,
    REFUSED,
    RESOURCE,
    SERVER,
    WARNING,
    Broken,
    at,
    becomes,
    challenge,
    in_query,
    on_refusal,
)
from tests.support.fake_mcp_server import MCP, REALM, Reply

BROKEN = {
    "no challenge": Broken(
        "challenge",
        FAILURE,
        on_refusal(lambda r: r.without("WWW-Authenticate")),
        "no challenge",
        "send WWW-Authenticate",
    ),
    "another scheme": Broken(
        "challenge", FAILURE, on_refusal(challenge('Basic realm="x"')), "another challenge than Bearer", "send WWW-Auth"
    ),
    "no resource_metadata": Broken(
        "challenge", WARNING, on_refusal(challenge('Bearer scope="mcp:fake"')), "no resource_metadata", "send WWW-Auth"
    ),
    "no scope": Broken(
        "challenge",
        WARNING,
        on_refusal(challenge('Bearer realm="a,b", resource_metadata="https://localhost/m"')),
        "has no scope",
        'add scope="…"',
    ),
    "an error without a token": Broken(
        "challenge",
        WARNING,
        on_refusal(challenge(f'{NO_ERROR}, error="invalid_token"')),
        "no token was sent",
        "leave error out",
    ),
    "metadata over http": Broken(
        "challenge",
        FAILURE,
        on_refusal(challenge('Bearer scope="a", resource_metadata="http://a.example/m"')),
        "not https",
        "name an https URL",
    ),
    "down": Broken("challenge", FAILURE, at(MCP, becomes(503)), "answers 503", "/health"),
    "a refusal": Broken(
        "challenge", FAILURE, at(MCP, becomes(403, REFUSED)), "403 (-32600: refused)", "the gateway before it"
    ),
    "an unknown host name": Broken("challenge", FAILURE, at(MCP, becomes(421)), "answers 421", "allow the name"),
    "a redirect": Broken(
        "challenge",
        FAILURE,
        at(MCP, becomes(302, Location="https://evil.example/")),
        "https://evil.example/",
        "type the",
    ),
    "a web page": Broken("challenge", FAILURE, at(MCP, becomes(200, b"<p>hi")), "no MCP server here", "check the path"),
    "a path that the gateway does not know": Broken(
        "challenge",
        FAILURE,
        at(MCP, becomes(404, REFUSED)),
        "no MCP server here: POST is answered 404",
        "a gateway often has a server at /mcp/NAME",
    ),
    "too many": Broken("challenge", FAILURE, at(MCP, becomes(429, Retry_After="7")), "answers 429", "wait"),
    "no CORS on the 401": Broken(
        "challenge-cors",
        WARNING,
        on_refusal(lambda r: r.without("access-control-allow-origin")),
        "cannot read the answer",
        "Access-Control-Allow-Origin: http://localhost:6274",
    ),
    "a hidden challenge": Broken(
        "challenge-cors",
        WARNING,
        on_refusal(lambda r: r.without("access-control-expose-headers")),
        "cannot read the challenge",
        "Access-Control-Expose-Headers: WWW-Authenticate",
    ),
    "metadata behind a login": Broken(
        "resource-metadata", FAILURE, at(RESOURCE, becomes(401)), "answers 401", "without asking for a token"
    ),
    "metadata that is no JSON": Broken(
        "resource-metadata", FAILURE, at(RESOURCE, becomes(200, b"<p>")), "no JSON object", "as JSON"
    ),
    "another resource": Broken(
        "resource-metadata",
        FAILURE,
        at(RESOURCE, lambda r: r.saying(resource="https://other.example/mcp")),
        "resource is https://other.example/mcp",
        "(ours follows PUBLIC_URL)",
    ),
    "a trailing slash": Broken(
        "resource-metadata",
        WARNING,
        at(RESOURCE, lambda r: r.saying(resource=r.body["resource"] + "/")),
        "a final slash more or less",
        "set resource to",
    ),
    "no authorization server": Broken(
        "resource-metadata",
        FAILURE,
        at(RESOURCE, lambda r: r.saying(authorization_servers=[])),
        "empty or absent",
        "name the issuer",
    ),
    "an issuer over http": Broken(
        "resource-metadata",
        FAILURE,
        at(RESOURCE, lambda r: r.saying(authorization_servers=["http://as.example"])),
        "http://as.example is not https",
        "use an https issuer",
    ),
    "metadata as text": Broken(
        "resource-metadata",
        FAILURE,
        at(RESOURCE, lambda r: r.having(**{"Content-Type": "text/plain"})),
        "content type is text/plain",
        "Content-Type: application/json",
    ),
    "an unknown path behind a login": Broken(
        "unknown-well-known",
        FAILURE,
        lambda q, r: Reply(401) if "/doctor-" in q.path else r,
        "answers 401",
        "answer 404",
    ),
    "an unknown path that redirects": Broken(
        "unknown-well-known",
        FAILURE,
        lambda q, r: Reply(302) if "/doctor-" in q.path else r,
        "answers 302",
        "answer 404",
    ),
    "an unknown path that breaks": Broken(
        "unknown-well-known",
        FAILURE,
        lambda q, r: Reply(502) if "/doctor-" in q.path else r,
        "answers 502",
        "answer 404",
    ),
    "no server metadata": Broken("issuer", FAILURE, at(SERVER, becomes(404)), "none of", "at the first of these"),
    "server metadata that breaks": Broken(
        "issuer", WARNING, at(SERVER, becomes(500)), "some clients stop there", "answer 404"
    ),
    "another issuer": Broken(
        "issuer",
        FAILURE,
        at(SERVER, lambda r: r.saying(issuer=r.body["issuer"] + "/")),
        "says that its issuer is",
        "the same string",
    ),
    "no PKCE": Broken(
        "pkce",
        FAILURE,
        at(SERVER, lambda r: r.saying(code_challenge_methods_supported=["plain"])),
        "does not name S256",
        "require PKCE",
    ),
    "a token endpoint over http": Broken(
        "endpoints",
        FAILURE,
        at(SERVER, lambda r: r.saying(token_endpoint="http://as.example/t")),
        "not https",
        "serve it over https",
    ),
    "no token endpoint": Broken(
        "endpoints", FAILURE, at(SERVER, lambda r: r.saying(token_endpoint=None)), "token_endpoint is absent", "name it"
    ),
    "no registration": Broken(
        "registration", WARNING, at(SERVER, lambda r: r.saying(registration_endpoint=None)), "by hand", "advertise"
    ),
    "registration refused": Broken(
        "registration",
        FAILURE,
        at(f"{REALM}/register", becomes(403, {"error": "access_denied"})),
        "403 (access_denied",
        "loopback",
    ),
    "a forged token breaks it": Broken(
        "garbage-token", FAILURE, on_refusal(becomes(500), with_token=True), "answered 500", 'error="invalid_token"'
    ),
    "a forged token is forbidden": Broken(
        "garbage-token", FAILURE, on_refusal(becomes(403), with_token=True), "answered 403", "answer 401"
    ),
    "a forged token without a word": Broken(
        "garbage-token",
        FAILURE,
        on_refusal(challenge(NO_ERROR), with_token=True),
        "without error=invalid_token",
        "add error",
    ),
    "a token in the address": Broken(
        "query-token", FAILURE, in_query, "in the address is looked at", "Authorization header only"
    ),
    "introspection refused": Broken(
        "introspection", FAILURE, at(f"{REALM}/introspect", becomes(401)), "refused (401)", "MCP_INTROSPECT_SECRET"
    ),
    "a token that is not active": Broken(
        "introspection", FAILURE, at(f"{REALM}/introspect", becomes(200, {"active": False})), "not active", "audience"
    ),
    "introspection for another": Broken(
        "introspection",
        WARNING,
        at(f"{REALM}/introspect", becomes(200, {"active": True})),
        "not for this URL",
        "audience",
    ),
}
