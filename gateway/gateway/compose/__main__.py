"""Runs one of the jobs: ``python -m gateway.compose files``, ``… realm`` and ``… prune``.

`files` makes certificates where there are none, and gives each service its files; it runs as root, without a network.
`realm` makes the realm fit PUBLIC_URL once Keycloak is healthy; it is an ordinary user. `prune` goes on: it
removes unused clients of the realm every ten minutes.
"""

import asyncio
import socket
import sys
from functools import partial
from pathlib import Path

from gateway.certificates import CertificateError, ensure_certificates
from gateway.compose.placing import hand_back, place
from gateway.compose.volumes import volumes
from gateway.runner.chores import prune, prune_now_and_then
from gateway.runner.errors import BadSetting, GatewayError
from gateway.runner.published import MACHINE_SECRET, refuse_default
from gateway.runner.realm import follow_public_url
from gateway.settings import Settings, load_settings

VOLUMES = Path("/volumes")


def main(arguments: list[str]) -> int:
    """Exit code 0; else a sentence on stderr and 2 for a bad setting, 1 for anything else."""
    try:
        match arguments:
            case ["files"]:
                files(load_settings())
            case ["realm"]:
                settings = load_settings()
                refuse_default(settings, MACHINE_SECRET)
                asyncio.run(follow_public_url(settings, _say))
            case ["prune"]:
                asyncio.run(prune_now_and_then(partial(prune, load_settings()), _say))
                return 1  # it ends only where Keycloak refuses the administrator
            case _:
                raise BadSetting("say which: files, realm or prune")
    except (GatewayError, CertificateError) as error:
        sys.stderr.write(f"mcp-gateway: {error}\n")
        return error.exit_code if isinstance(error, GatewayError) else 1
    return 0


def files(settings: Settings) -> None:
    """The certificates, and a volume for each service.

    Raises:
        BadSetting: PUBLIC_URL is not https.
        CertificateError: certificates are broken or missing and cannot be made; names file and mend.
    """
    if not settings.origin.startswith("https://"):
        raise BadSetting(f"PUBLIC_URL: {settings.origin} must be https: Envoy ends TLS")
    try:
        ensure_certificates(settings.certs_dir, public_host=settings.public_host, tell=_say)
    finally:
        hand_back(settings.certs_dir)
    places = settings.certs_dir, settings.home, settings.origin
    production, workers = settings.is_production, settings.ext_authz_workers
    for volume in volumes(*places, ipv6=kernel_has_ipv6(), production=production, workers=workers):
        place(volume, VOLUMES / volume.name)
    _say(f"certificates and files are in place for {settings.origin}")


def kernel_has_ipv6() -> bool:
    """Whether Envoy could listen on `::`. A container without an IPv6 address can, a kernel without IPv6 cannot."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::", 0))
    except OSError:
        return False
    return True


def _say(sentence: str) -> None:
    print(sentence, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
