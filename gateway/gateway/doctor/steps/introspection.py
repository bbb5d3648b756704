"""Introspection (RFC 7662), as a resource server does it: only with credentials that the user gave for it."""

from http import HTTPStatus

from gateway.client.origins import is_at
from gateway.doctor.case import Case
from gateway.doctor.findings import Finding, Findings, failure, not_checked, ok, warning
from gateway.doctor.target import is_safe
from gateway.doctor.wire import Answer

URL_OPTION = "ask at the internal address: --introspect-url"


async def introspection(case: Case) -> Findings:
    """The authorization server knows the token, and says so to this client."""
    options = case.options
    if not options.introspect_client or not options.introspect_secret:
        return [not_checked("no credentials: --introspect-client ID, and its secret in MCP_INTROSPECT_SECRET")]
    url = options.introspect_url or str((case.server or {}).get("introspection_endpoint") or "")
    if not url:
        return [not_checked(f"the metadata has no introspection_endpoint; {URL_OPTION}")]
    # Secret and token go where the user said, or to the issuer itself: not to any place that a document names.
    if not is_safe(url) or not (options.introspect_url or is_at(url, case.issuer or "")):
        return [failure(f"introspection_endpoint is {url}: neither secret nor token is sent there", URL_OPTION)]
    form = {"token": case.wire.token or "", "token_type_hint": "access_token"}
    auth = (options.introspect_client, options.introspect_secret)
    return [judge_introspection(await case.wire.ask("POST", url, form=form, auth=auth), case.target.url)]


def judge_introspection(answer: Answer, url: str) -> Finding:
    """What the authorization server says of the token."""
    if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return failure(f"refused ({answer.status})", "check the client's ID and MCP_INTROSPECT_SECRET")
    if answer.status == HTTPStatus.NOT_FOUND:
        return not_checked(f"the endpoint is not open from here (404), which is as it should be; {URL_OPTION}")
    found = answer.object()
    if answer.status != HTTPStatus.OK or not isinstance(found.get("active"), bool):
        return failure(f"answered {answer.status} without active", "serve RFC 7662 there")
    if not found["active"]:
        fix = "get a new token; with Keycloak 26.6.2 or newer, its audience must also name the client that asks"
        return failure("the token is not active", fix)
    audience = found.get("aud")
    if url not in (audience if isinstance(audience, list) else [audience]):
        return warning(
            "active, but not for this URL", "add the URL to the audience (RFC 8707; in Keycloak: an audience mapper)"
        )
    return ok("active, for this URL")
