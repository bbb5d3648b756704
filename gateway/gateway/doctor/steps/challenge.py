"""Without a token: 401 with a challenge that leads to one (RFC 6750 §3, RFC 9728 §5.1, MCP authorization)."""

from http import HTTPStatus
from urllib.request import parse_http_list

from gateway.doctor.case import Case
from gateway.doctor.findings import Finding, Findings, failure, or_ok, warning
from gateway.doctor.rpc import ACCEPT, INITIALIZE, error_of, has_reply, reply
from gateway.doctor.target import is_safe
from gateway.doctor.wire import Answer, NoAnswer

EXAMPLE = 'WWW-Authenticate: Bearer resource_metadata="https://…", scope="…"'
METHOD_NOT_FOUND = -32601  # a server without the older revisions does not know `initialize`
Parameters = dict[str, str]


async def challenge(case: Case) -> Findings:
    """The first contact, as every client makes it."""
    try:
        answer = await case.wire.ask("POST", case.target.url, headers=ACCEPT, json_body=INITIALIZE, until=has_reply)
    except NoAnswer:
        case.blocked = "the first request got no answer"
        raise
    if answer.status == HTTPStatus.UNAUTHORIZED:
        case.refusal = answer
        found = bearer(answer) or {}
        case.scopes = found.get("scope", "").split()
        case.metadata_url = found.get("resource_metadata")
        return or_ok(judge_challenge(answer), f"401 with {', '.join(found)} in a Bearer challenge")
    if speaks_mcp(answer):
        case.is_open = True
        expects_door = bool(case.options.token or case.options.sign_in)
        return [judge_open(answer, expects_door=expects_door)]
    case.blocked = "no MCP server answers at this URL"
    return [judge_stranger(answer, case.target.path)]


def judge_challenge(answer: Answer) -> Findings:
    """A 401 to a request without a token."""
    found = bearer(answer)
    if found is None:
        what = "another challenge than Bearer" if answer.header("www-authenticate") else "no challenge"
        return [
            failure(f"401 with {what}: clients do not learn where to get a token", f"send {EXAMPLE} (RFC 9728 §5.1)")
        ]
    findings = [_metadata_member(found), _scope_member(found), _error_member(found)]
    return [finding for finding in findings if finding]


def speaks_mcp(answer: Answer) -> bool:
    """Whether an MCP server spoke. An error alone is no sign: gateways write their refusals as JSON-RPC errors too."""
    message = reply(answer) or {}
    if "result" in message or error_of(message).startswith(f"{METHOD_NOT_FOUND}:"):
        return True
    return "error" in message and answer.status in (HTTPStatus.OK, HTTPStatus.BAD_REQUEST)


def judge_open(answer: Answer, *, expects_door: bool) -> Finding:
    """A server that lets everybody in, which some are meant to do. Whoever brings a token expects another."""
    text, fix = f"answers {answer.status} without a token: it is open to everybody", "put a gateway before it"
    if expects_door:
        return failure(f"{text}, and your token is not asked for", fix)
    return warning(text, f"{fix}, unless everybody may use it")


def judge_stranger(answer: Answer, path: str) -> Finding:
    """An answer at `path` that is neither a challenge nor MCP."""
    status, media_type = answer.status, answer.media_type or "no content type"
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return failure(
            f"redirects ({status}) to {answer.header('location')}", "type the address that it leads to, if you trust it"
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return failure(
            f"answers {status}: the gateway or the server behind it is down", "look at /health and into the log"
        )
    if status == HTTPStatus.FORBIDDEN:
        said = error_of(reply(answer)) or "no reason given"
        return failure(f"refuses with 403 ({said})", "ask the gateway before it, or allow this caller")
    if status == HTTPStatus.MISDIRECTED_REQUEST:
        return failure("answers 421: it does not know this host name", "allow the name in the server's host check")
    text = f"no MCP server here: POST is answered {status}, {media_type}"
    if path == "/mcp" or path.startswith("/mcp/"):
        return failure(text, "check the path: a gateway often has a server at /mcp/NAME; `mcp-gateway call` lists ours")
    return failure(text, "check the path; it is often /mcp")


def bearer(answer: Answer) -> Parameters | None:
    """The parameters of the Bearer challenge, None where there is none among the challenges (RFC 9110 §11.6.1)."""
    for header in answer.headers.get_list("www-authenticate"):
        for scheme, parameters in _challenges(header):
            if scheme == "bearer":
                return parameters
    return None


def _challenges(header: str) -> list[tuple[str, Parameters]]:
    found: list[tuple[str, Parameters]] = []
    for item in parse_http_list(header):
        name, equals, value = item.partition("=")
        scheme, space, rest = name.strip().partition(" ")
        if space or not equals:  # `Bearer realm="x"` or `Negotiate` begins a challenge
            found.append((scheme.lower(), {}))
            name = rest
        if equals and found:
            found[-1][1][name.strip().lower()] = value.strip().strip('"')
    return found


def _metadata_member(found: Parameters) -> Finding | None:
    url = found.get("resource_metadata")
    if url is None:
        return warning("the challenge has no resource_metadata: clients must guess its address", f"send {EXAMPLE}")
    if not is_safe(url):
        return failure(f"resource_metadata is {url}, which is not https", "name an https URL (RFC 9728 §3)")
    return None


def _scope_member(found: Parameters) -> Finding | None:
    if found.get("scope"):
        return None
    return warning("the challenge has no scope: clients may ask for too much or too little", 'add scope="…" to it')


def _error_member(found: Parameters) -> Finding | None:
    if "error" not in found:
        return None
    text = f"the challenge says error={found['error']}, though no token was sent"
    return warning(text, "leave error out where there is no token (RFC 6750 §3.1)")
