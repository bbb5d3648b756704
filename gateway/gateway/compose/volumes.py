"""Which file goes into which volume, and for whom: a service finds its own key there and nobody else's."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import yaml

from gateway.certificates import CertificateError
from gateway.runner.published import realm_to_import
from gateway.runner.topology import COMMITTED_ORIGIN, at_origin, for_workers

ANYBODY = 0o444
OWNER_ONLY = 0o400
NAMED = r"/etc/envoy/certs/([\w.-]+\.(?:crt|key|pem))"


@dataclass(frozen=True, slots=True)
class File:
    """A file in a volume; `path` is relative to the volume."""

    path: PurePosixPath
    content: bytes
    mode: int = ANYBODY


@dataclass(frozen=True, slots=True)
class Volume:
    """A named volume that one service mounts. `owner` is the user and group id that the service runs as."""

    name: str
    owner: int
    files: tuple[File, ...]


def volumes(
    certificates: Path, home: Path, origin: str, *, ipv6: bool, production: bool = False, workers: int = 1
) -> tuple[Volume, ...]:
    """What each service gets. The owners are those of `user:` in docker-compose.yml.

    `certificates` is the folder that `ensure_certificates` keeps, `home` the checkout, `ipv6` whether the kernel can
    listen on an IPv6 address at all. In production the realm has no test user. `workers` are the authorizer's.

    Raises:
        CertificateError: a file that Envoy's file secrets name is not there.
    """
    envoy = home / "envoy"
    return (
        Volume("envoy", 65532, (*_named(envoy, certificates), *_envoy(envoy, origin, ipv6=ipv6, workers=workers))),
        Volume("keycloak", 1000, (_realm(home / "keycloak" / "realm-export.json", production=production),)),
        Volume("ext-authz", 10001, tuple(_pair(certificates, "ext-authz"))),
        Volume("mcp-weather", 10002, tuple(_pair(certificates, "mcp-weather"))),
        Volume("client", 10004, tuple(_certificates(certificates, {"ca.crt"}, PurePosixPath()))),
    )


def _named(envoy: Path, certificates: Path) -> Iterator[File]:
    """The certificates and keys that Envoy's file secrets name, a user's own among them."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(envoy.glob("sds/*.yaml"))]
    yield from _certificates(certificates, set(re.findall(NAMED, "".join(texts))), PurePosixPath("certs"))


def _pair(certificates: Path, name: str) -> Iterator[File]:
    return _certificates(certificates, {"ca.crt", f"{name}.crt", f"{name}.key"}, PurePosixPath())


def _certificates(folder: Path, names: Iterable[str], target: PurePosixPath) -> Iterator[File]:
    # Keys first: whoever watches the folder then finds a pair that fits once the certificate is there.
    for name in sorted(names, key=lambda name: (not name.endswith(".key"), name)):
        try:
            content = (folder / name).read_bytes()
        except FileNotFoundError as error:
            raise CertificateError(
                f"{name} is not in the folder certs, and envoy/sds names it: put it there"
            ) from error
        yield File(target / name, content, OWNER_ONLY if name.endswith(".key") else ANYBODY)


def _realm(path: Path, *, production: bool) -> File:
    return File(PurePosixPath(path.name), realm_to_import(path, production=production))


def _envoy(folder: Path, origin: str, *, ipv6: bool, workers: int) -> Iterator[File]:
    for path in sorted((*folder.glob("sds/*.yaml"), *folder.glob("dashboard/*"))):
        yield File(PurePosixPath(path.relative_to(folder)), path.read_bytes())
    committed = (folder / "envoy.yaml").read_bytes()
    yield File(PurePosixPath("envoy.yaml"), bootstrap(committed, origin, ipv6=ipv6, workers=workers))


def bootstrap(committed: bytes, origin: str, *, ipv6: bool, workers: int = 1) -> bytes:
    """Envoy's configuration for this public URL and so many workers: by default, the committed file as it is."""
    if origin == COMMITTED_ORIGIN and ipv6 and workers == 1:
        return committed
    moved = for_workers(at_origin(yaml.safe_load(committed), origin), workers)
    if not ipv6:
        for listener in moved["static_resources"]["listeners"]:
            listener.pop("additional_addresses", None)
    return yaml.safe_dump(moved, sort_keys=False, width=120).encode()
