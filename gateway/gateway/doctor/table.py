"""The steps in their order. A step whose needs are not met is not checked, and says why."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gateway.doctor.case import Case
from gateway.doctor.findings import Findings
from gateway.doctor.steps.browsers import cors_on_refusal, foreign_origin, preflight
from gateway.doctor.steps.certificate import certificate
from gateway.doctor.steps.challenge import challenge
from gateway.doctor.steps.claims import claims
from gateway.doctor.steps.discovery import resource_metadata, unknown_well_known, well_known_fallback
from gateway.doctor.steps.introspection import introspection
from gateway.doctor.steps.issuer import endpoints, pkce, server_metadata
from gateway.doctor.steps.manners import banner, clock, security_headers
from gateway.doctor.steps.methods import methods
from gateway.doctor.steps.protocol import protocol
from gateway.doctor.steps.reaching import dns, tcp
from gateway.doctor.steps.redirect import redirect
from gateway.doctor.steps.registration import registration
from gateway.doctor.steps.tls import http2, tls
from gateway.doctor.steps.tokens import NONE_GIVEN, garbage_token, query_token, token
from gateway.doctor.steps.tools import tools

Need = Callable[[Case], str | None]
"""Why a step is impossible, None where it is possible."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the walk."""

    key: str
    title: str
    run: Callable[[Case], Awaitable[Findings]]
    needs: tuple[Need, ...] = ()


def reachable(case: Case) -> str | None:
    """Everything needs a way to ask."""
    return case.blocked


def asks_for_token(case: Case) -> str | None:
    """OAuth matters only where a token is asked for."""
    if case.refusal is not None:
        return None
    return "the server asks for no token" if case.is_open else "what it answers without a token is not known"


def names_issuer(case: Case) -> str | None:
    """Who gives tokens is known."""
    return None if case.issuer else "the resource's metadata names no authorization server"


def has_server_metadata(case: Case) -> str | None:
    """What that server offers is known."""
    return None if case.server is not None else "the authorization server's metadata was not found"


def has_token(case: Case) -> str | None:
    """There is a token to look at."""
    return None if case.wire.token else NONE_GIVEN


def lets_in(case: Case) -> str | None:
    """The door is open, with a token or without."""
    if case.is_open or case.token_works:
        return None
    return "the token did not open it" if case.wire.token else NONE_GIVEN


def speaks(case: Case) -> str | None:
    """One of the eras is spoken."""
    return None if case.eras else "it speaks no MCP that is known here"


OAUTH = (reachable, asks_for_token)
INSIDE = (reachable, lets_in)

STEPS = (
    Step("dns", "DNS", dns),
    Step("tcp", "TCP", tcp, (reachable,)),
    Step("tls", "TLS", tls, (reachable,)),
    Step("certificate", "Certificate", certificate, (reachable,)),
    Step("redirect", "Plain HTTP", redirect, (reachable,)),
    Step("challenge", "Without a token", challenge, (reachable,)),
    Step("challenge-cors", "CORS on the 401", cors_on_refusal, OAUTH),
    Step("resource-metadata", "Resource metadata", resource_metadata, OAUTH),
    Step("well-known", "Well-known path", well_known_fallback, (*OAUTH, names_issuer)),
    Step("unknown-well-known", "Unknown path", unknown_well_known, (reachable,)),
    Step("issuer", "Issuer", server_metadata, (*OAUTH, names_issuer)),
    Step("pkce", "PKCE", pkce, (*OAUTH, has_server_metadata)),
    Step("endpoints", "Endpoints", endpoints, (*OAUTH, has_server_metadata)),
    Step("registration", "Registration", registration, (*OAUTH, has_server_metadata)),
    Step("garbage-token", "Forged token", garbage_token, OAUTH),
    Step("query-token", "Token in the URL", query_token, OAUTH),
    Step("token", "Token", token, OAUTH),
    Step("claims", "Token's claims", claims, (*OAUTH, has_token)),
    Step("introspection", "Introspection", introspection, (*OAUTH, has_token)),
    Step("protocol", "MCP", protocol, INSIDE),
    Step("tools", "Tools", tools, (*INSIDE, speaks)),
    Step("methods", "GET and DELETE", methods, (*INSIDE, speaks)),
    Step("preflight", "CORS preflight", preflight, (reachable,)),
    Step("foreign-origin", "Foreign Origin", foreign_origin, (reachable,)),
    Step("security-headers", "Security headers", security_headers, (reachable,)),
    Step("banner", "Banner", banner, (reachable,)),
    Step("clock", "Clock", clock, (reachable,)),
    Step("http2", "HTTP/2", http2, (reachable,)),
)
