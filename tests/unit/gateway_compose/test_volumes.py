"""Which file goes into which volume of the compose project."""

import json
from pathlib import Path

import pytest
import yaml
from gateway.certificates import CertificateError, ensure_certificates
from gateway.compose.placing import hand_back, place
from gateway.compose.volumes import File, Volume, bootstrap, volumes

from tests.support.stack import ROOT

DEFAULT = "https://localhost"


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    ensure_certificates(tmp_path / "certs", public_host="localhost", tell=lambda _: None)
    return tmp_path / "certs"


def by_name(certificates: Path, home: Path = ROOT) -> dict[str, Volume]:
    return {volume.name: volume for volume in volumes(certificates, home, DEFAULT, ipv6=True)}


def names(volume: Volume) -> set[str]:
    return {str(file.path) for file in volume.files}


@pytest.mark.covers("S20")
def test_each_service_gets_its_own_key_only_and_it_is_readable_by_its_owner_alone(certificates: Path) -> None:
    keys = {
        name: {str(file.path): file.mode for file in volume.files if file.path.suffix == ".key"}
        for name, volume in by_name(certificates).items()
    }
    assert {name: found for name, found in keys.items() if found} == {
        "envoy": {"certs/gateway.key": 0o400},
        "ext-authz": {"ext-authz.key": 0o400},
        "mcp-weather": {"mcp-weather.key": 0o400},
    }


def test_envoy_gets_every_file_that_its_configuration_names(certificates: Path) -> None:
    found = names(by_name(certificates)["envoy"])
    texts = [path.read_text() for path in (ROOT / "envoy/envoy.yaml", *(ROOT / "envoy/sds").iterdir())]
    named = {word.strip(" },\"'") for text in texts for word in text.split() if word.startswith("/etc/envoy/")}
    assert {name.removeprefix("/etc/envoy/") for name in named} - {"certs"} <= found


def test_a_certificate_of_ones_own_that_the_edge_names_is_handed_to_envoy(certificates: Path, tmp_path: Path) -> None:
    home = edge_with("edge.crt", tmp_path)
    for name in ("edge.crt", "edge.key"):
        (certificates / name).write_bytes(b"of a public CA")
    files = {str(file.path): file for file in by_name(certificates, home)["envoy"].files}
    assert files["certs/edge.key"].mode == 0o400
    assert list(files).index("certs/edge.key") < list(files).index("certs/edge.crt"), "a pair that fits, once both are"


def test_a_certificate_that_is_named_and_missing_is_said(certificates: Path, tmp_path: Path) -> None:
    home = edge_with("edge.crt", tmp_path)
    with pytest.raises(CertificateError, match=r"edge\.key is not in the folder certs"):
        by_name(certificates, home)


@pytest.mark.covers("S19")
def test_in_production_the_realm_is_imported_without_the_test_user(certificates: Path) -> None:
    for production in (False, True):
        found = volumes(certificates, ROOT, DEFAULT, ipv6=True, production=production)
        (realm,) = next(volume.files for volume in found if volume.name == "keycloak")
        assert (b"testuser" in realm.content) is not production


def edge_with(name: str, folder: Path) -> Path:
    """A checkout whose edge shows another certificate."""
    for path in (ROOT / "envoy").rglob("*.*"):
        copy = folder / "home/envoy" / path.relative_to(ROOT / "envoy")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    (folder / "home/keycloak").mkdir()
    (folder / "home/keycloak/realm-export.json").write_text("{}")
    edge = folder / "home/envoy/sds/edge.yaml"
    edge.write_text(edge.read_text().replace("certs/gateway", "certs/" + name.removesuffix(".crt")))
    return folder / "home"


def test_for_the_default_public_url_the_committed_file_is_used_as_it_is() -> None:
    committed = (ROOT / "envoy/envoy.yaml").read_bytes()
    assert bootstrap(committed, DEFAULT, ipv6=True) == committed


@pytest.mark.covers("G1", "O12")
def test_another_public_url_changes_the_redirect_and_the_origin_and_nothing_else() -> None:
    committed = (ROOT / "envoy/envoy.yaml").read_bytes()
    other = bootstrap(committed, "https://gw.example:9443", ipv6=True)
    before, after = lines(committed), lines(other)
    different = {(old, new) for old, new in zip(before, after, strict=True) if old != new}
    assert different == {
        ('"host_redirect": "localhost",', '"host_redirect": "gw.example",'),
        ('"port_redirect": 443,', '"port_redirect": 9443,'),
        ('"exact": "https://localhost"', '"exact": "https://gw.example:9443"'),
    }


def lines(document: bytes) -> list[str]:
    return [line.strip() for line in json.dumps(yaml.safe_load(document), indent=1).splitlines()]


def test_a_kernel_without_ipv6_gets_no_ipv6_listeners() -> None:
    committed = (ROOT / "envoy/envoy.yaml").read_bytes()
    assert '"address": "::",' in lines(committed)
    assert '"address": "::",' not in lines(bootstrap(committed, DEFAULT, ipv6=False))


def test_what_is_right_already_is_not_written_again(tmp_path: Path) -> None:
    volume = Volume("own", tmp_path.stat().st_uid, (File(Path("sub/a.crt"), b"one"),))  # type: ignore[arg-type]
    place(volume, tmp_path)
    written = (tmp_path / "sub/a.crt").stat()
    place(volume, tmp_path)
    assert (tmp_path / "sub/a.crt").stat().st_ino == written.st_ino
    place(Volume("own", volume.owner, (File(volume.files[0].path, b"two"),)), tmp_path)
    assert (tmp_path / "sub/a.crt").read_bytes() == b"two"
    assert [path.name for path in (tmp_path / "sub").iterdir()] == ["a.crt"]


def test_a_link_among_the_certificates_is_handed_back_and_not_what_it_points_to(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/nowhere-at-all")
    hand_back(tmp_path)
    assert (tmp_path / "link").lstat().st_uid == tmp_path.stat().st_uid


def test_each_worker_of_the_authorizer_is_an_endpoint_in_the_containers_too() -> None:
    committed = (ROOT / "envoy/envoy.yaml").read_bytes()
    assert bootstrap(committed, DEFAULT, ipv6=True, workers=1) == committed
    more = yaml.safe_load(bootstrap(committed, DEFAULT, ipv6=True, workers=2))
    (cluster,) = [one for one in more["static_resources"]["clusters"] if one["name"] == "ext_authz"]
    (group,) = cluster["load_assignment"]["endpoints"]
    places = [host["endpoint"]["address"]["socket_address"] for host in group["lb_endpoints"]]
    assert places == [{"address": "ext-authz", "port_value": port} for port in (50051, 50052)]
