"""Asking a component whether it is ready."""

import ssl

import httpx

from gateway.runner.component import Probe, TlsFiles

PROBE_TIMEOUT = 2.0


async def ask(probe: Probe) -> str | None:
    """None where the component is ready, else what it says instead."""
    try:
        return await _get(probe)
    except httpx.ConnectError:
        return "not listening yet"
    except httpx.TimeoutException:
        return "no answer"
    except (httpx.HTTPError, OSError) as error:
        return f"{type(error).__name__}: {error}"


async def _get(probe: Probe) -> str | None:
    extensions = {"sni_hostname": probe.server_name} if probe.server_name else {}
    # trust_env off: a proxy set for the outside world must not be asked about this machine
    async with httpx.AsyncClient(verify=_context(probe.tls), trust_env=False, timeout=PROBE_TIMEOUT) as client:
        answer = await client.get(probe.url, extensions=extensions)
    if answer.status_code in probe.accept or _only_others_are_down(answer, probe.minds):
        return None
    return f"HTTP {answer.status_code} {answer.text[:200]}".strip()


def _only_others_are_down(answer: httpx.Response, minds: frozenset[str] | None) -> bool:
    """Whether a health report names as down nothing that matters."""
    if minds is None or answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
        return False
    try:
        down = answer.json()["down"]
    except (ValueError, KeyError, TypeError):
        return False  # Envoy's own 503, while the authorizer is not there
    return bool(down) and not minds & set(down)


def _context(tls: TlsFiles | None) -> ssl.SSLContext:
    if tls is None:
        # Not used for plain HTTP; given so that httpx does not load the public authorities on every probe
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context = ssl.create_default_context(cafile=str(tls.ca))
    if tls.certificate:
        context.load_cert_chain(tls.certificate, tls.key)
    return context
