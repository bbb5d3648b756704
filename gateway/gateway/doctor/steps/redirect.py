"""Plain HTTP: it sends to https in a way that keeps a POST a POST, or is closed."""

from http import HTTPStatus

import httpx

from gateway.client.origins import resolve
from gateway.doctor.case import Case
from gateway.doctor.findings import Finding, Findings, failure, not_checked, ok, warning
from gateway.doctor.rpc import ACCEPT, INITIALIZE
from gateway.doctor.target import Target
from gateway.doctor.wire import Answer, NoAnswer
from gateway.settings import DEFAULT_PORTS

KEEP_METHOD = (HTTPStatus.PERMANENT_REDIRECT, HTTPStatus.TEMPORARY_REDIRECT)
LOSE_METHOD = (HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.FOUND, HTTPStatus.SEE_OTHER)


async def redirect(case: Case) -> Findings:
    """A client that was given the http address reaches the https one, with its request whole."""
    if not case.target.is_tls:
        return [not_checked("the URL is plain http itself")]
    port = plain_port(case)
    if port is None:
        return [not_checked("no plain HTTP port is known: name it with --http-port")]
    host = f"[{case.target.host}]" if ":" in case.target.host else case.target.host
    try:
        # Never with the token: it would be readable on the way
        answer = await case.wire.ask(
            "POST", f"http://{host}:{port}{case.target.path}", headers=ACCEPT, json_body=INITIALIZE
        )
    except NoAnswer as error:
        if case.options.http_port is None:
            return [ok(f"port {port} is closed")]
        return [warning(f"no answer on port {port} ({error.text})", "open it with a 308 to https, or leave it out")]
    return [judge_redirect(answer, case.target, port)]


def plain_port(case: Case) -> int | None:
    """The port that was named; else 80, where https is on its own port as well."""
    if case.options.http_port is not None:
        return case.options.http_port
    return DEFAULT_PORTS["http"] if case.target.port == DEFAULT_PORTS["https"] else None


def judge_redirect(answer: Answer, target: Target, port: int) -> Finding:
    """RFC 9110 §15.4: 308 and 307 keep the method and the body."""
    status, leads_to = answer.status, resolve(answer.url, answer.header("location"))
    if status in LOSE_METHOD:
        return failure(f"port {port} answers {status}, which turns a POST into a GET", "answer 308 (RFC 9110 §15.4.9)")
    if status in KEEP_METHOD and _same(leads_to, target.url):
        return ok(f"port {port} sends to {leads_to} with {status}, which keeps a POST")
    if status in KEEP_METHOD:
        return failure(
            f"port {port} sends to {leads_to}, not to {target.url}", f"redirect to {target.origin} with the same path"
        )
    if status >= HTTPStatus.BAD_REQUEST and status != HTTPStatus.UNAUTHORIZED:
        return ok(f"port {port} refuses ({status})")
    return failure(f"port {port} answers {status} in the clear", "answer 308 to https there, and nothing else")


def _same(leads_to: str, url: str) -> bool:
    """Whether both are one address: https://gateway.example:443/ is https://gateway.example/."""
    try:
        return httpx.URL(leads_to) == httpx.URL(url)
    except httpx.InvalidURL:
        return False
