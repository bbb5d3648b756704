"""GET and DELETE: a stream or a session's end, or a plain 405 (MCP transports, "Streamable HTTP")."""

from http import HTTPStatus

from gateway.doctor.case import Case
from gateway.doctor.findings import Finding, Findings, failure, ok, warning
from gateway.doctor.wire import Answer


async def methods(case: Case) -> Findings:
    """The last use of the session: DELETE ends it, so that nothing is left behind."""
    findings = []
    for method, accept in (("GET", "text/event-stream"), ("DELETE", "application/json")):
        sent = {"Accept": accept, **case.session}
        answer = await case.wire.ask(method, case.target.url, headers=sent, with_token=True)
        findings.append(judge_method(method, answer, has_session="Mcp-Session-Id" in case.session))
    return findings


def judge_method(method: str, answer: Answer, *, has_session: bool) -> Finding:
    """One of the two answers that clients expect."""
    status = answer.status
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        if "POST" in answer.header("allow").upper():
            return ok(f"{method}: 405, Allow: {answer.header('allow')}")
        return warning(f"{method}: 405 without Allow: POST", "name the methods in Allow (RFC 9110 §15.5.6)")
    if method == "GET" and status == HTTPStatus.OK and answer.media_type == "text/event-stream":
        return ok("GET: a stream")
    if method == "DELETE" and has_session and status < HTTPStatus.MULTIPLE_CHOICES:
        return ok(f"DELETE: ends the session ({status})")
    text, fix = f"{method} is answered {status}", "answer 405 with Allow: POST, or as MCP's transports say"
    return failure(text, fix) if status >= HTTPStatus.INTERNAL_SERVER_ERROR else warning(text, fix)
