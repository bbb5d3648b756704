"""The authorization server's metadata, looked for as MCP clients do, and what they need of it (RFC 8414)."""

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import urlsplit

from gateway.doctor.case import Case
from gateway.doctor.findings import Finding, Findings, failure, ok, or_ok, warning
from gateway.doctor.target import is_safe
from gateway.doctor.wire import Answer, Json, NoAnswer

OAUTH, OPENID = "oauth-authorization-server", "openid-configuration"


def candidates(issuer: str) -> list[str]:
    """Where it may be, in the order that MCP demands ("Authorization Server Metadata Discovery")."""
    parts = urlsplit(issuer)
    origin, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    inserted = [f"{origin}/.well-known/{name}{path}" for name in (OAUTH, OPENID)]
    return [*inserted, f"{origin}{path}/.well-known/{OPENID}"] if path else inserted


async def server_metadata(case: Case) -> Findings:
    """The first of the candidates that is there, and that it belongs to this issuer."""
    tried = candidates(case.issuer or "")
    findings: Findings = []
    for url in tried:
        answer = await case.try_ask(url)
        if isinstance(answer, Answer) and answer.status == HTTPStatus.OK and answer.object():
            case.server = answer.object()
            return findings + judge_issuer(case.server, case.issuer or "", url)
        findings += [obstacle] if (obstacle := _obstacle(url, answer)) else []
    text = f"none of {', '.join(tried)} has it"
    return [*findings, failure(text, "serve the metadata at the first of these (RFC 8414 §3)")]


async def pkce(case: Case) -> Findings:
    """Without S256 in the metadata a client must refuse to go on (MCP authorization; RFC 7636)."""
    methods = (case.server or {}).get("code_challenge_methods_supported")
    if isinstance(methods, list) and "S256" in methods:
        return [ok("S256 is supported")]
    text = "code_challenge_methods_supported does not name S256: clients must refuse to go on"
    return [failure(text, "require PKCE with S256 and say so in the metadata")]


async def endpoints(case: Case) -> Findings:
    """Where the person and the code go."""
    return or_ok(judge_endpoints(case.server or {}), "authorization and token endpoint are https")


def judge_issuer(metadata: Mapping[str, object], issuer: str, url: str) -> Findings:
    """RFC 8414 §3.3: the same string, or the metadata must not be used."""
    named = metadata.get("issuer")
    if named == issuer:
        return [ok(f"{url} belongs to {issuer}")]
    fix = "make both the same string: the issuer's own, and authorization_servers (RFC 8414 §3.3)"
    return [failure(f"{url} says that its issuer is {named}, the resource says {issuer}", fix)]


def judge_endpoints(metadata: Json) -> Findings:
    """Both that a sign-in needs are there; every endpoint that is named is https."""
    missing = [name for name in ("authorization_endpoint", "token_endpoint") if not metadata.get(name)]
    unsafe = [name for name, url in metadata.items() if name.endswith("_endpoint") and not is_safe(str(url))]
    findings = [failure(f"{name} is absent", "name it in the metadata (RFC 8414 §2)") for name in missing]
    named = [name for name in unsafe if name not in missing]
    return findings + [failure(f"{name} is {metadata[name]}, not https", "serve it over https") for name in named]


def _obstacle(url: str, answer: Answer | NoAnswer) -> Finding | None:
    """Something in the way: clients go on after a plain 4xx only."""
    if isinstance(answer, NoAnswer):
        return warning(answer.text, answer.fix)
    if HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return None
    return warning(
        f"{url} answers {answer.status} without metadata: some clients stop there", "answer 404, or the metadata"
    )
