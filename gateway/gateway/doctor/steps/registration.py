"""How a client that nobody knows becomes known: dynamic registration (RFC 7591) or a client-ID metadata document."""

from http import HTTPStatus
from typing import Any

from gateway.doctor.case import Case
from gateway.doctor.findings import Finding, Findings, failure, ok, warning
from gateway.doctor.rpc import CLIENT
from gateway.doctor.target import is_safe
from gateway.doctor.wire import Answer

ASKED: dict[str, Any] = {
    "client_name": CLIENT["name"],
    "redirect_uris": ["http://127.0.0.1/callback"],
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "token_endpoint_auth_method": "none",
}


async def registration(case: Case) -> Findings:
    """One of the two ways is open. Registering itself is asked for: it leaves a client behind."""
    server = case.server or {}
    endpoint = server.get("registration_endpoint")
    ways = ["client-ID metadata documents"] if server.get("client_id_metadata_document_supported") is True else []
    ways += ["dynamic registration"] if endpoint else []
    if not ways:
        return [warning("only clients that were registered by hand can sign in", "advertise registration_endpoint")]
    if not case.options.register:
        return [ok(f"{' and '.join(ways)} (only advertised: --register tries it, and leaves a client behind)")]
    if not endpoint or not is_safe(str(endpoint)):
        return [warning("--register: there is no https registration_endpoint", "advertise registration_endpoint")]
    asked = ASKED | ({"scope": " ".join(case.scopes)} if case.scopes else {})
    return [judge_registration(await case.wire.ask("POST", str(endpoint), json_body=asked), asked)]


def judge_registration(answer: Answer, asked: dict[str, Any]) -> Finding:
    """What became of it; of the answer nothing is shown but the client's name, for it may hold secrets (§3.2.1)."""
    got = answer.object()
    if answer.status == HTTPStatus.CREATED and isinstance(got.get("client_id"), str):
        changed = [name for name in asked if got.get(name) != asked[name]]
        what = f"dropped or changed: {', '.join(changed)}" if changed else "every member kept"
        return ok(f"registered {got['client_id']}, which stays until somebody removes it; {what}")
    said = f"{got.get('error', 'no error code')}: {got.get('error_description', 'no description')}"
    fix = "let public clients with loopback redirect URIs register (RFC 8252 §7.3)"
    return failure(f"registration is answered {answer.status} ({said})", fix)
