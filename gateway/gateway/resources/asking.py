"""Asks a server behind the gateway which tools it has, as Envoy would reach it."""

import ssl
from collections.abc import Iterable
from pathlib import Path

from gateway.client.errors import ClientError, Refused, TryLater
from gateway.client.mcp_session import McpSession, Server, converse
from gateway.client.refusals import reason
from gateway.resources.errors import NotAnswering
from gateway.resources.server import TOOL, Tools, Upstream

TIMEOUT = 30.0  # seconds for the whole list; an older server may leave the first 10 without an answer
HINTS = {
    401: "it asks for a token of its own, which the gateway does not have: switch its own authorization off",
    403: "it refuses the request; some servers do so for a Host header that they do not know (--host)",
    404: "there is nothing at that path: give the right one with --path",
    405: "there is no MCP endpoint at that path: give the right one with --path",
    421: "it does not accept that Host header: give one that it does with --host",
}


def ask_tools(upstream: Upstream, certificates: Path, scopes: Iterable[str]) -> Tools:
    """The tools of the server, none with a scope of its own, as a caller with `scopes` sees them.

    `certificates` holds ca.crt and Envoy's own pair.

    Raises:
        NotAnswering: it cannot be asked; the sentence says what to try.
    """
    names = list_tools(upstream, certificates, scopes)
    if unusable := [name for name in names if not TOOL.fullmatch(name)]:
        raise NotAnswering(f"{upstream.url} has a tool named {unusable[0]!r}, which no rule can name: use --tool")
    if not names:
        raise NotAnswering(f"{upstream.url} lists no tools: give those that it will have with --tool")
    return dict.fromkeys(names, ())


def list_tools(upstream: Upstream, certificates: Path, scopes: Iterable[str]) -> list[str]:
    """The names of the server's tools, in its order.

    The caller is introduced as the gateway does it, for a server may answer nobody else, or hide tools.

    Raises:
        NotAnswering: as `ask_tools`.
    """
    headers = {"Host": upstream.authority, "X-User-Sub": "mcp-gateway", "X-User-Scopes": " ".join(scopes)}
    try:
        tls = _context(upstream, certificates)
        # No proxy: one that is set for the outside world must not be asked about a server of one's own
        server = Server(upstream.url, tls, headers=headers, use_proxies=False, timeout=TIMEOUT)
        return [tool.name for tool in converse(server, McpSession.tools)]
    except Refused as error:
        hint = HINTS.get(error.status, "give its tools with --tool, or mend it")
        raise NotAnswering(f"{upstream.url} answers HTTP {error.status}: {hint}") from error
    except TryLater as error:
        why = reason(error.__cause__ or error)
        raise NotAnswering(f"{upstream.url} cannot be asked for its tools ({why}): mend that, or use --tool") from error
    except ClientError as error:
        raise NotAnswering(f"{upstream.url} does not answer as an MCP server does: {error}") from error
    except OSError as error:
        raise NotAnswering(f"{error.filename or certificates} cannot be used ({error.strerror or error})") from error


def _context(upstream: Upstream, certificates: Path) -> ssl.SSLContext:
    if not upstream.tls:
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # not used, and quicker to make than one with every CA
    context = ssl.create_default_context(cafile=str(certificates / "ca.crt") if upstream.our_ca else None)
    if upstream.mtls:
        context.load_cert_chain(certificates / "gateway.crt", certificates / "gateway.key")
    return context
