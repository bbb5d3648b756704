"""MCP itself, in both eras: `server/discover` of 2026-07-28, and `initialize` of the revisions before it."""

from http import HTTPStatus

from gateway.doctor.case import Case
from gateway.doctor.findings import Finding, Findings, failure, ok, warning
from gateway.doctor.rpc import INITIALIZE, INITIALIZED, Era, error_of, has_reply, headers, reply, request
from gateway.doctor.wire import Answer, Json


async def protocol(case: Case) -> Findings:
    """One of the two is enough; which clients get along depends on which."""
    modern = await call(case, Era.MODERN, request(Era.MODERN, "server/discover"))
    legacy = await call(case, Era.LEGACY, INITIALIZE)
    for era, answer in ((Era.MODERN, modern), (Era.LEGACY, legacy)):
        if result := result_of(answer):
            case.eras[era] = result
    if Era.LEGACY in case.eras:
        findings = await _opened(case, legacy)
    else:
        findings = []
    return judge_protocol(modern, legacy) + findings


async def call(case: Case, era: Era, message: Json, session: dict[str, str] | None = None) -> Answer:
    """Send a message of `era` with what opens the door."""
    sent = headers(era, str(message["method"])) | (session or {})
    return await case.wire.ask(
        "POST", case.target.url, headers=sent, json_body=message, with_token=True, until=has_reply
    )


def judge_protocol(modern: Answer, legacy: Answer) -> Findings:
    """Both answers together: that neither is MCP is the failure."""
    if not result_of(modern) and not result_of(legacy):
        text = f"speaks no MCP that is known here: {_said(modern)} to server/discover, {_said(legacy)} to initialize"
        return [failure(text, "look into the log of the MCP server; behind a gateway, check the path it is reached by")]
    return [_judge_modern(modern), _judge_legacy(legacy)]


def result_of(answer: Answer) -> Json:
    """The result in an answer, {} where there is none."""
    result = (reply(answer) or {}).get("result")
    return result if isinstance(result, dict) else {}


def _judge_modern(answer: Answer) -> Finding:
    result = result_of(answer)
    if not result:
        return warning(
            f"2026-07-28 is not spoken ({_said(answer)} to server/discover)", "update the server's SDK when you can"
        )
    return ok(f"2026-07-28 is spoken: {_versions(result)}")


def _judge_legacy(answer: Answer) -> Finding:
    result = result_of(answer)
    if not result:
        return warning(f"initialize is answered {_said(answer)}", "serve 2025-11-25 too, which most clients speak")
    server = result.get("serverInfo")
    name = server.get("name", "unnamed") if isinstance(server, dict) else "unnamed"
    return ok(f"initialize opens {result.get('protocolVersion')} with {name}")


async def _opened(case: Case, answer: Answer) -> Findings:
    """Complete the handshake, as a client must before it may ask for more."""
    version = str(case.eras[Era.LEGACY].get("protocolVersion", ""))
    case.session = {"MCP-Protocol-Version": version} if version.isascii() and version.isprintable() else {}
    if identity := answer.header("mcp-session-id"):
        case.session["Mcp-Session-Id"] = identity
    done = await call(case, Era.LEGACY, INITIALIZED, case.session)
    if done.status == HTTPStatus.ACCEPTED:
        return []
    return [warning(f"notifications/initialized is answered {done.status}", "answer 202 without a body")]


def _versions(result: Json) -> str:
    found = result.get("supportedVersions")
    return ", ".join(map(str, found)) if isinstance(found, list) else "versions not named"


def _said(answer: Answer) -> str:
    return " ".join(filter(None, (str(answer.status), error_of(reply(answer)))))
