"""Tokens: a bad one is refused as the RFC says, one in the address is not looked at, a good one opens the door."""

import asyncio
import base64
import secrets
from http import HTTPStatus

from gateway.client.errors import ClientError
from gateway.doctor.case import Case, SignIn
from gateway.doctor.findings import Finding, Findings, failure, not_checked, ok, or_ok, warning
from gateway.doctor.rpc import ACCEPT, INITIALIZE
from gateway.doctor.steps.challenge import bearer
from gateway.doctor.wire import Answer

NONE_GIVEN = "there is no token: give one by --token or MCP_TOKEN, or use --sign-in"


def forged() -> dict[str, str]:
    """Tokens that nobody issued: opaque, and a JWT that says it needs no signature (RFC 8725 §2.1)."""
    parts = (b'{"alg":"none","typ":"JWT"}', b'{"sub":"doctor"}')
    unsigned = ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
    return {"a made-up token": secrets.token_urlsafe(24), "an unsigned JWT": f"{unsigned}."}


async def garbage_token(case: Case) -> Findings:
    """What nobody issued is refused with 401 invalid_token."""
    findings: Findings = []
    for name, value in forged().items():
        headers = ACCEPT | {"Authorization": f"Bearer {value}"}
        answer = await case.wire.ask("POST", case.target.url, headers=headers, json_body=INITIALIZE)
        findings += judge_garbage(answer, name)
    return or_ok(findings, "refused with 401 invalid_token")


async def query_token(case: Case) -> Findings:
    """A token in the address ends up in logs (RFC 9700 §4.3.2). What is sent there is made up, never the real one."""
    url = f"{case.target.url}?access_token={secrets.token_urlsafe(24)}"
    answer = await case.wire.ask("POST", url, headers=ACCEPT, json_body=INITIALIZE)
    looked_at = bearer(answer) != bearer(case.refusal) if case.refusal else False
    if answer.status >= HTTPStatus.BAD_REQUEST and not looked_at:
        return [ok("is not looked at (seen with a made-up one)")]
    text = f"a token in the address is looked at: a made-up one changes the answer ({answer.status})"
    return [failure(text, "read tokens from the Authorization header only (MCP authorization, Token Requirements)")]


async def token(case: Case) -> Findings:
    """The user's token, or one got by signing in, opens the door."""
    if case.wire.token is None and case.options.sign_in:
        refused = await _sign_in(case, case.options.sign_in)
        if refused:
            return [refused]
    if case.wire.token is None:
        return [not_checked(NONE_GIVEN)]
    answer = await case.wire.ask("POST", case.target.url, headers=ACCEPT, json_body=INITIALIZE, with_token=True)
    case.token_works = answer.status not in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
    return [judge_token(answer)]


def judge_garbage(answer: Answer, name: str) -> Findings:
    """The answer to a token that nobody issued."""
    if answer.status != HTTPStatus.UNAUTHORIZED:
        return [failure(f"{name} is answered {answer.status}", 'answer 401 with error="invalid_token" (RFC 6750 §3.1)')]
    if (bearer(answer) or {}).get("error") != "invalid_token":
        text = f"{name} is answered 401 without error=invalid_token: clients do not learn to get a new one"
        return [failure(text, 'add error="invalid_token" where a token was sent (RFC 6750 §3.1)')]
    return []


def judge_token(answer: Answer) -> Finding:
    """The answer to the user's token."""
    said = bearer(answer) or {}
    if answer.status == HTTPStatus.UNAUTHORIZED:
        reason = said.get("error_description") or said.get("error", "no reason given")
        return failure(f"refused with 401 ({reason})", "get a new token, for exactly this server (resource and scope)")
    if answer.status == HTTPStatus.FORBIDDEN:
        needed = said.get("scope", "the scopes that the server names")
        return failure(f"refused with 403 ({said.get('error', 'no reason given')})", f"get a token with {needed}")
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return failure(f"answered {answer.status}", "look at /health and into the log of the server behind the gateway")
    return ok(f"accepted ({answer.status})")


async def _sign_in(case: Case, how: SignIn) -> Finding | None:
    # A server can name any issuer: the password goes to the one that the user's own gateway has, or nowhere.
    if case.issuer != how.issuer:
        text = f"not signed in: the server's issuer is {case.issuer}, this gateway's is {how.issuer}"
        return warning(text, "sign in there yourself and give the token by --token")
    try:
        case.wire.token = await asyncio.to_thread(how.get_token, case.scopes)
    except ClientError as error:
        return failure(f"no token: {error}", "check --user and MCP_PASSWORD, or give a token by --token")
    return None
