"""TLS: the version, whether old ones are still accepted, and HTTP/2 in the handshake (ALPN)."""

import asyncio
import ssl
import warnings

from gateway.doctor.case import Case
from gateway.doctor.findings import Finding, Findings, failure, not_checked, ok, warning
from gateway.doctor.target import Target

Hello = tuple[str, str | None, bytes]
"""TLS version, protocol chosen by ALPN, certificate (DER)."""


async def tls(case: Case) -> Findings:
    """It speaks TLS 1.2 or newer, and nothing older."""
    if not case.target.is_tls:
        return [_without_tls(case)]
    try:
        version, case.alpn, _ = await hello(case.target, unverified(), case.options.step_seconds)
    except (OSError, TimeoutError) as error:
        return [await _no_handshake(case, error)]
    case.tls_version = version
    if await _accepts_old(case):
        fix = "set the lowest version to TLS 1.2 (RFC 8996)"
        return [warning(f"speaks {version}, but also accepts TLS 1.1 or older", fix)]
    return [ok(f"speaks {version} and accepts nothing older than TLS 1.2")]


async def http2(case: Case) -> Findings:
    """HTTP/2 is offered; HTTP/1.1 is enough for MCP, but a browser opens six connections at most then."""
    if not case.target.is_tls:
        return [not_checked("browsers speak HTTP/2 over TLS only, and the URL is plain http")]
    if case.alpn == "h2":
        return [ok("offered (ALPN h2)")]
    fix = "add h2 to the ALPN protocols; with HTTP/1.1 each open stream holds one of a browser's six connections"
    return [warning("not offered, only HTTP/1.1", fix)]


async def hello(target: Target, context: ssl.SSLContext, seconds: float) -> Hello:
    """One TLS handshake. Raises ssl.SSLError, OSError or TimeoutError."""
    async with asyncio.timeout(seconds):
        _, writer = await asyncio.open_connection(target.host, target.port, ssl=context)
    try:
        connection: ssl.SSLObject = writer.get_extra_info("ssl_object")
        shown = connection.getpeercert(binary_form=True) or b""
        return str(connection.version()).replace("TLSv", "TLS "), connection.selected_alpn_protocol(), shown
    finally:
        writer.transport.abort()  # a server that never says goodbye must not be waited for


def unverified() -> ssl.SSLContext:
    """To look at what is there before it is judged. Nothing but the handshake is ever sent through it."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


def _only_old() -> ssl.SSLContext:
    context = unverified()
    context.set_ciphers("ALL:@SECLEVEL=0")  # OpenSSL itself refuses the old versions at its usual level
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that they are deprecated is the point
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


async def _accepts_old(case: Case) -> bool:
    try:
        await hello(case.target, _only_old(), case.options.step_seconds)
    except (OSError, TimeoutError):
        return False
    return True


async def _no_handshake(case: Case, error: Exception) -> Finding:
    case.blocked = "there is no TLS connection"
    if await _accepts_old(case):
        return failure("speaks only TLS 1.1 or older", "allow TLS 1.2 and 1.3 (RFC 8996)")
    if "WRONG_VERSION_NUMBER" in str(error) or "RECORD_LAYER_FAILURE" in str(error):
        return failure(
            "what listens there does not speak TLS", "name the TLS port, or put a gateway with TLS before it"
        )
    reason = "no answer in time" if isinstance(error, TimeoutError) else str(error)
    return failure(f"no TLS handshake ({reason})", "look into the log of whatever ends TLS there")


def _without_tls(case: Case) -> Finding:
    if case.target.is_local:
        return ok("plain http, which never leaves this machine")
    case.blocked = "over plain http everybody on the way reads the token"
    return failure("the URL is plain http: everybody on the way could read the token", "serve it over https")
