"""No secret is in an image that we build: in no layer, not even one that a later one covers, and not in its history."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest

from supply_chain.layers import Image, saved
from tests.support.stack import ROOT

PRIVATE_KEY = re.compile(rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s+(?:[A-Za-z0-9+/=]{40,}\s+){2,}")
"""With a body: libraries hold the first line alone, to look for it."""

SECRETS = ("api-gateway-secret-change-me", "mcp-machine-secret-change-me", "testpassword123")
"""The published ones. In production the gateway refuses them (ENVIRONMENT), and for that must know them."""

KNOW_THEM = {
    "ext_authz/settings.py",
    "gateway/settings.py",
    "gateway/runner/published.py",
    "gateway/client/sign_in.py",
}
SECRET_FILES = re.compile(r"(\.key|\.p12|\.jks|\.env|id_[a-z0-9]+)$")
PUBLIC = re.compile(r"/(etc/ssl/|etc/pki/|usr/(share|lib)/|opt/keycloak/lib/)")


def images() -> list[str]:
    asked = ["docker", "compose", "config", "--format", "json"]
    services = json.loads(subprocess.run(asked, cwd=ROOT, check=True, capture_output=True).stdout)["services"]
    return sorted({one.get("image", f"mcp-gateway-{name}") for name, one in services.items() if "build" in one})


@pytest.fixture(scope="module", params=images())
def image(request: pytest.FixtureRequest) -> Iterator[Image]:
    with saved(request.param) as image:
        yield image


@pytest.mark.covers("S20", "S19", "D5")
def test_no_layer_holds_a_key_or_a_secret(image: Image) -> None:
    keys, files, known = [], [], []
    for entry in image.entries():
        if PRIVATE_KEY.search(entry.content):
            keys.append(entry.path)
        if entry.tar.isfile() and SECRET_FILES.search(entry.path) and not PUBLIC.search(f"/{entry.path}"):
            files.append(entry.path)
        if any(secret.encode() in entry.content for secret in SECRETS):
            known.append(entry.path)
    assert keys == []
    assert files == []
    assert [path for path in known if source(path) not in KNOW_THEM] == []


@pytest.mark.covers("S20", "S19")
def test_neither_history_nor_environment_names_one(image: Image) -> None:
    told = json.dumps(image.config)
    assert not [secret for secret in SECRETS if secret in told]
    assert not re.search(r"(?i)(password|secret|token)\w*=", told)


def source(path: str) -> str:
    """Of a module or its byte code, the module: package/…/name.py."""
    parts = PurePosixPath(path.partition("site-packages/")[2])
    if parts.suffix == ".pyc":
        return str(parts.parent.parent / (parts.name.partition(".")[0] + ".py"))
    return str(parts)
