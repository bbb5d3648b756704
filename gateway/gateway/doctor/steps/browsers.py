"""What browser clients need (CORS), and what foreign pages must not get (MCP transports, "Security Warning")."""

from http import HTTPStatus

from gateway.doctor.case import Case
from gateway.doctor.findings import Finding, Findings, failure, not_checked, ok, or_ok, warning
from gateway.doctor.rpc import ACCEPT, INITIALIZE
from gateway.doctor.wire import Answer

FOREIGN = "https://doctor.invalid"
SENT = (
    "authorization",
    "content-type",
    "mcp-protocol-version",
    "mcp-session-id",
    "mcp-method",
    "mcp-name",
    "last-event-id",
)
USED = ("POST", "GET", "DELETE")


async def cors_on_refusal(case: Case) -> Findings:
    """A page may read the 401 and its challenge; without that it cannot begin to sign in."""
    origin = case.options.origin
    answer = await case.wire.ask("POST", case.target.url, headers=ACCEPT | {"Origin": origin}, json_body=INITIALIZE)
    if answer.status == HTTPStatus.FORBIDDEN:
        return [warning(f"pages of {origin} are refused (403)", f"allow {origin}, if browser clients are wanted")]
    findings = _origin_allowed(answer, origin)
    if not _names(answer, "access-control-expose-headers", "www-authenticate"):
        fix = "add Access-Control-Expose-Headers: WWW-Authenticate to refusals"
        findings.append(warning("pages cannot read the challenge of the 401", fix))
    return or_ok(findings, f"pages of {origin} can read the challenge")


async def preflight(case: Case) -> Findings:
    """A browser asks before it sends; it sends no token with that question."""
    headers = {
        "Origin": case.options.origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": ",".join(SENT),
    }
    answer = await case.wire.ask("OPTIONS", case.target.url, headers=headers)
    return or_ok(
        judge_preflight(answer, case.options.origin), f"pages of {case.options.origin} may send what MCP needs"
    )


async def foreign_origin(case: Case) -> Findings:
    """A page of somebody else's, in the browser of a person who may use the server, gets nothing (DNS rebinding)."""
    headers = ACCEPT | {"Origin": FOREIGN}
    answer = await case.wire.ask("POST", case.target.url, headers=headers, json_body=INITIALIZE, with_token=True)
    return [judge_foreign(answer)]


def judge_preflight(answer: Answer, origin: str) -> Findings:
    """The answer to OPTIONS (Fetch Standard, "CORS-preflight fetch")."""
    if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        fix = "answer OPTIONS before asking for a token, if browser clients are wanted"
        return [warning(f"the preflight is answered {answer.status}: browsers send nothing then", fix)]
    findings = _origin_allowed(answer, origin)
    for header, wanted in (("access-control-allow-methods", USED), ("access-control-allow-headers", SENT)):
        # `*` stands for every header but Authorization (Fetch Standard, "CORS protocol and HTTP caches")
        missing = [name for name in wanted if not _names(answer, header, name)]
        if missing:
            findings.append(warning(f"the preflight does not allow {', '.join(missing)}", f"add them to {header}"))
    return findings


def judge_foreign(answer: Answer) -> Finding:
    """The answer to a page that nobody allowed."""
    if answer.status == HTTPStatus.FORBIDDEN:
        return ok("refused with 403")
    if answer.status == HTTPStatus.UNAUTHORIZED:
        return not_checked("the token is asked for first (401): give one to see what becomes of the Origin")
    if answer.status >= HTTPStatus.BAD_REQUEST:
        return warning(f"answered {answer.status}", "answer 403 to an Origin that is not allowed")
    fix = "answer 403 to every Origin that is not on a list (MCP transports, Security Warning)"
    return failure(f"a page of {FOREIGN} is served ({answer.status})", fix)


def _origin_allowed(answer: Answer, origin: str) -> Findings:
    if answer.header("access-control-allow-origin") in (origin, "*"):
        return []
    fix = f"answer with Access-Control-Allow-Origin: {origin}, if browser clients are wanted"
    return [warning(f"pages of {origin} cannot read the answer", fix)]


def _names(answer: Answer, header: str, name: str) -> bool:
    found = {item.strip().lower() for item in answer.header(header).split(",")}
    return name.lower() in found or ("*" in found and name != "authorization")
