"""Protected-resource metadata (RFC 9728): where the challenge says, at the well-known path, and nothing else there."""

import secrets
from http import HTTPStatus

from gateway.client.origins import is_at
from gateway.doctor.case import Case
from gateway.doctor.findings import Finding, Findings, failure, ok, or_ok, warning
from gateway.doctor.target import Target, is_safe
from gateway.doctor.wire import Answer, NoAnswer

NAME = "oauth-protected-resource"


async def resource_metadata(case: Case) -> Findings:
    """The document that names the authorization server."""
    url = case.metadata_url if case.metadata_url and is_safe(case.metadata_url) else case.target.well_known(NAME)
    answer = await case.wire.ask("GET", url, headers={"Accept": "application/json"})
    findings = judge_metadata(answer, case.target)
    servers = strings(answer.object().get("authorization_servers"))
    if answer.status == HTTPStatus.OK and servers:
        case.metadata, case.issuer = answer.object(), servers[0]
        case.scopes = case.scopes or strings(answer.object().get("scopes_supported"))
    return or_ok(findings, f"names this URL and the issuer {case.issuer}")


async def well_known_fallback(case: Case) -> Findings:
    """The same document where clients look that know the URL only."""
    url = case.target.well_known(NAME)
    if case.metadata_url == url:
        return [ok("is where the challenge leads")]
    answer = await case.try_ask(url)
    if isinstance(answer, Answer) and answer.status == HTTPStatus.OK and answer.object() == (case.metadata or {}):
        return [ok("has the same document")]
    text = answer.text if isinstance(answer, NoAnswer) else f"{url} answers {answer.status} or another document"
    return [warning(text, "serve the metadata there too: some clients look nowhere else (RFC 9728 §3.1)")]


async def unknown_well_known(case: Case) -> Findings:
    """What is not there is a plain 404: clients try several well-known paths, and stop at any other answer."""
    answer = await case.wire.ask("GET", f"{case.target.origin}/.well-known/doctor-{secrets.token_hex(4)}")
    if answer.status == HTTPStatus.NOT_FOUND:
        return [ok("404")]
    text = f"an unknown well-known path answers {answer.status}, which stops clients that try several"
    return [failure(text, "answer 404 for every /.well-known/ path that is not served")]


def judge_metadata(answer: Answer, target: Target) -> Findings:
    """The answer at the metadata's address."""
    if answer.status != HTTPStatus.OK:
        text = f"{answer.url} answers {answer.status}"
        return [failure(text, "serve the metadata there with 200, without asking for a token (RFC 9728 §3.2)")]
    document = answer.object()
    if not document:
        return [failure(f"{answer.url} is no JSON object", "serve the metadata as JSON (RFC 9728 §3.2)")]
    findings = [_type(answer), _place(answer, target), _resource(document.get("resource"), target), _servers(document)]
    return [finding for finding in findings if finding]


def strings(value: object) -> list[str]:
    """The strings in a list that others wrote, [] where it is no list."""
    return [item for item in value if isinstance(item, str) and item] if isinstance(value, list) else []


def _type(answer: Answer) -> Finding | None:
    if answer.media_type == "application/json":
        return None
    return failure(f"its content type is {answer.media_type or 'absent'}", "send Content-Type: application/json")


def _place(answer: Answer, target: Target) -> Finding | None:
    if is_at(answer.url, target.origin):
        return None
    return warning(
        f"it is on another server, {answer.url}", "serve it where the resource is, so that nobody else can change it"
    )


def _resource(named: object, target: Target) -> Finding | None:
    if named == target.url:
        return None
    fix = f"type {named} if that is its name, or set resource to {target.url}"
    if isinstance(named, str) and named.removesuffix("/") == target.url.removesuffix("/"):
        # The SDKs take one for the other, for the normal form of an origin ends with a slash (RFC 3986 §6.2.3)
        return warning(f"resource is {named}, not {target.url}: a final slash more or less stops some clients", fix)
    if not is_at(str(named), target.origin):
        fix += " (ours follows PUBLIC_URL)"
    return failure(f"resource is {named}, not {target.url}: clients compare the strings (RFC 9728 §3.3)", fix)


def _servers(document: dict[str, object]) -> Finding | None:
    found = strings(document.get("authorization_servers"))
    if not found:
        return failure("authorization_servers is empty or absent", "name the issuer there (MCP authorization)")
    if not is_safe(found[0]):
        return failure(f"the issuer {found[0]} is not https", "use an https issuer (RFC 8414 §2)")
    return None
