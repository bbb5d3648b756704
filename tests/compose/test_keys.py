"""Keys lie where they are used and nowhere else (S20, T1-T4)."""

import json
import stat

import pytest

from tests.support.compose import JOBS_IMAGE, SERVICES, container_of, docker, inspect
from tests.support.stack import Stack

LISTING = """
import json, os
found = {}
for folder, _, names in os.walk('/looked-at'):
    for name in names:
        status = os.stat(os.path.join(folder, name))
        found[os.path.relpath(os.path.join(folder, name), '/looked-at')] = [status.st_uid, oct(status.st_mode & 0o777)]
print(json.dumps(found))
"""
KEYS = {
    "envoy-files": {"certs/gateway.key": [65532, "0o400"]},
    "ext-authz-files": {"ext-authz.key": [10001, "0o400"]},
    "mcp-weather-files": {"mcp-weather.key": [10002, "0o400"]},
    "client-files": {},
    "keycloak-files": {},
}


def files_in(volume: str) -> dict[str, list[object]]:
    options = ("--rm", "--user", "0", "--volume", f"mcp-gateway_{volume}:/looked-at:ro", "--entrypoint", "python")
    found: dict[str, list[object]] = json.loads(docker("run", *options, JOBS_IMAGE, "-c", LISTING))
    return found


@pytest.mark.covers("S20", "T2", "T3", "D4")
@pytest.mark.parametrize("volume", KEYS)
def test_a_volume_holds_its_services_own_key_which_nobody_else_can_read(volume: str) -> None:
    keys = {name: owner for name, owner in files_in(volume).items() if name.endswith(".key")}
    assert keys == KEYS[volume]


@pytest.mark.covers("S20", "T1")
def test_the_key_of_the_ca_is_in_no_volume() -> None:
    for volume in KEYS:
        assert not [name for name in files_in(volume) if "ca.key" in name]


@pytest.mark.covers("S20")
@pytest.mark.parametrize("service", SERVICES)
def test_a_service_mounts_its_own_files_only_and_cannot_write_them(service: str) -> None:
    mounts = inspect(container_of(service))["Mounts"]
    with_files = {mount["Name"]: mount["RW"] for mount in mounts if mount.get("Name", "").endswith("-files")}
    own = {} if service == "mcp-calculator" else {f"mcp-gateway_{service}-files": False}
    assert with_files == own
    assert not [mount for mount in mounts if mount["Source"].endswith("/certs")]


@pytest.mark.covers("S20", "T1")
def test_the_certificates_on_the_host_belong_to_whoever_owns_the_checkout(stack: Stack) -> None:
    folder = stack.settings.certs_dir
    owner = folder.stat()
    files = sorted(folder.glob("*.crt")) + sorted(folder.glob("*.key"))
    assert len(files) >= 8
    for file in files:
        status = file.stat()
        assert (status.st_uid, status.st_gid) == (owner.st_uid, owner.st_gid), file
        assert stat.S_IMODE(status.st_mode) == (0o600 if file.suffix == ".key" else 0o644), file
