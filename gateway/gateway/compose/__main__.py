"""Runs one of the two jobs: ``python -m gateway.compose files`` and ``python -m gateway.compose realm``.

`files` makes certificates where there are none, and gives each service its files; it runs as root, without a network.
`realm` makes the realm fit PUBLIC_URL once Keycloak is healthy; it is an ordinary user.
"""

import asyncio
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from gateway.certificates import CertificateError, ensure_certificates
from gateway.compose.placing import hand_back, place
from gateway.compose.volumes import volumes
from gateway.keycloak import RealmError, reconcile_realm
from gateway.policy import Resource
from gateway.runner.errors import BadSetting, GatewayError
from gateway.runner.realm import follow_public_url
from gateway.settings import Settings, load_settings

VOLUMES = Path("/volumes")
KEYCLOAK_URL = "http://keycloak:8080"


def main(arguments: list[str]) -> int:
    """Exit code 0; else a sentence on stderr and 2 for a bad setting, 1 for anything else."""
    try:
        match arguments:
            case ["files"]:
                files(load_settings())
            case ["realm"]:
                asyncio.run(follow_public_url(load_settings(), _say, reconcile=_reconcile))
            case _:
                raise BadSetting("say which: files or realm")
    except (GatewayError, CertificateError, RealmError) as error:
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
    for volume in volumes(*places, ipv6=kernel_has_ipv6(), production=settings.is_production):
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


def _reconcile(settings: Settings, resources: Mapping[str, Resource]) -> list[str]:
    return reconcile_realm(
        keycloak_url=os.environ.get("KEYCLOAK_URL") or KEYCLOAK_URL,
        admin_user=settings.kc_bootstrap_admin_username,
        admin_password=settings.kc_bootstrap_admin_password.get_secret_value(),
        public_url=settings.origin,
        resources=resources,
        client_secret=settings.keycloak_client_secret.get_secret_value(),
    )


def _say(sentence: str) -> None:
    print(sentence, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
