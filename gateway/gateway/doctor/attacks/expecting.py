"""What an answer to an attack must be: pure functions from what was heard to what is wrong with it."""

from http import HTTPStatus

from gateway.doctor.attacks.attack import ATTACKER, Expected, Judge
from gateway.doctor.attacks.exchange import LINGER_SECONDS, End, Heard
from gateway.doctor.findings import Level
from gateway.doctor.rpc import reply
from gateway.doctor.steps.challenge import bearer
from gateway.doctor.wire import Answer

# Not the server's fault, though they begin with 5: what was asked for is not there (RFC 9110 §15.6.2, §15.6.6)
_ALSO_REFUSALS = (HTTPStatus.NOT_IMPLEMENTED, HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
_REDIRECTS = range(300, 400)
_GOOD = range(200, 300)


def _fault(heard: Heard) -> str | None:
    """Why this is no refusal. A connection that is closed without an answer is one."""
    status = heard.status
    if heard.end is End.SILENT:
        return "the request hangs"
    if status is None or status in _ALSO_REFUSALS or HTTPStatus.BAD_REQUEST <= status < 500:  # noqa: PLR2004
        return None
    if status in _GOOD:
        return "it is let in"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "it breaks something"
    return "it is neither let in nor refused"


def _moved(heard: Heard) -> str | None:
    return None if heard.status in _REDIRECTS else _fault(heard)


def _once(*, also_401: bool) -> Judge:
    def judge(heard: Heard) -> str | None:
        if len(heard.answers) > 1:
            return "two requests are read in one"
        if heard.status == HTTPStatus.UNAUTHORIZED and not also_401:
            return "it is read as a request (401), though its end is not clear"
        return _fault(heard)

    return judge


def sound(heard: Heard) -> str | None:
    """Neither broken nor hanging."""
    if heard.end is not End.COMPLETE:
        return "the request hangs" if heard.end is End.SILENT else None
    return "it breaks something" if (heard.status or 0) >= HTTPStatus.INTERNAL_SERVER_ERROR else None


def _error(heard: Heard) -> str | None:
    """No result, and nothing that broke."""
    if fault := sound(heard):
        return fault
    answer = heard.first
    if answer is None or answer.status >= HTTPStatus.BAD_REQUEST:
        return None
    message = reply(answer) or {}
    return None if "error" in message or is_tool_error(answer) else "it is taken for a good message"


REFUSED = Expected("refused", _fault)
REFUSED_OR_MOVED = Expected("no 2xx", _moved)
BAD_REQUEST = Expected("400 or closed", _once(also_401=False), linger=LINGER_SECONDS)
ONE_REFUSAL = Expected("one refusal", _once(also_401=True), linger=LINGER_SECONDS)
RPC_ERROR = Expected("an error", _error)
RPC_ERROR_RATHER = Expected("an error", _error, Level.WARNING)
SOUND = Expected("no 5xx", sound)
REFUSED_RATHER = Expected("refused", _fault, Level.WARNING)


def same_challenge(refusal: Answer | None) -> Expected:
    """Refused, with the same challenge where there is one, and nothing in it that the attacker named."""

    def judge(heard: Heard) -> str | None:
        answer, fault = heard.first, _moved(heard)
        if fault or answer is None:
            return fault
        if names_attacker(answer):
            return "a URL in the answer is the attacker's"
        asked_for_token = refusal is not None and answer.status == refusal.status
        if asked_for_token and refusal is not None and bearer(answer) != bearer(refusal):
            return "the challenge has changed"
        return None

    return Expected("the same challenge", judge)


def unchanged_document(heard: Heard) -> str | None:
    """Of metadata: whatever is answered, nothing in it is the attacker's."""
    if fault := sound(heard):
        return fault
    answer = heard.first
    named = answer is not None and (names_attacker(answer) or ATTACKER.encode() in answer.body)
    return "a URL in the document is the attacker's" if named else None


def closed_to_pages(heard: Heard) -> str | None:
    """A page of the attacker's may not read this (Fetch Standard, "CORS check")."""
    if heard.first is None:
        return "the request hangs" if heard.end is End.SILENT else None
    allowed = heard.first.header("access-control-allow-origin")
    with_credentials = heard.first.header("access-control-allow-credentials").lower() == "true"
    if with_credentials and (allowed == "null" or ATTACKER in allowed or allowed == "*"):
        return "a foreign page may call with credentials"
    if allowed == "null" or ATTACKER in allowed:
        return "a foreign page may read the answer"
    return "it breaks something" if heard.first.status >= HTTPStatus.INTERNAL_SERVER_ERROR else None


def names_attacker(answer: Answer) -> bool:
    """Whether a header says the attacker's name."""
    return any(ATTACKER in value for value in answer.headers.values())


def is_tool_error(answer: Answer) -> bool:
    """Whether a tool refused (MCP, "Tools", "Error Handling")."""
    result = (reply(answer) or {}).get("result")
    return isinstance(result, dict) and result.get("isError") is True
