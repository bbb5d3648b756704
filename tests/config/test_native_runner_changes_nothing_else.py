"""One topology: what the native runner makes of the committed Envoy files differs in places only.

Both are compared leaf by leaf, and every difference must be of a kind that is listed here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from gateway.runner.ports import wanted_ports
from gateway.runner.topology import Rendered, render, write_topology
from gateway.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
COMMITTED = {
    "envoy.yaml": ROOT / "envoy" / "envoy.yaml",
    **{f"sds/{path.name}": path for path in sorted((ROOT / "envoy" / "sds").glob("*.yaml"))},
}
CLUSTERS = [one["name"] for one in yaml.safe_load(COMMITTED["envoy.yaml"].read_text())["static_resources"]["clusters"]]

# Where a leaf may differ, and what it may be natively (see `_allowed`)
LISTENER = r"static_resources/listeners/\d+/(additional_addresses/\d+/)?address/socket_address"
UPSTREAM = (
    r"static_resources/clusters/\d+/load_assignment/endpoints/\d+/lb_endpoints/\d+/endpoint/address/socket_address"
)
ADMIN = r"admin/address/socket_address"
SOCKET = re.compile(rf"({LISTENER}|{UPSTREAM}|{ADMIN})/(address|port_value)")
NOT_ASKED_FOR = re.compile(r"static_resources/listeners/\d+/additional_addresses/.*")
# A worker beyond the first: the same endpoint, one port on (ADR 11)
ONE_MORE_WORKER = re.compile(rf"{UPSTREAM}/(address|port_value)".replace(r"lb_endpoints/\d+", r"lb_endpoints/[1-9]\d*"))
REDIRECT = re.compile(r".*/redirect/(host_redirect|port_redirect)")

Leaves = dict[str, Any]


@dataclass(frozen=True)
class Difference:
    """One leaf that is not the same; None where there is none."""

    path: str
    committed: Any
    native: Any


CASES: dict[str, dict[str, Any]] = {
    "the defaults": {},
    "every port and place another": {
        "public_url": "https://gateway.example:9443",
        "bind_address": "0.0.0.0",
        "https_port": 443,
        "http_port": 80,
        "dashboard_port": 18081,
        "keycloak_port": 18080,
        "keycloak_management_port": 19000,
        "authz_port": 15051,
        "authz_http_port": 18090,
        "weather_port": 18000,
        "calculator_port": 18001,
        "envoy_admin_port": 19901,
        "certs_dir": "/elsewhere/certs",
        "state_dir": "/elsewhere/state",
    },
    "three workers of the authorizer": {"ext_authz_workers": 3},
    "IPv6 and no port in the URL": {"public_url": "https://gateway.example", "bind_address": "::1"},
    "one address of the machine": {"bind_address": "192.0.2.7"},
    "a URL with an address in it": {"public_url": "https://[2001:db8::7]:9443"},
}


@pytest.fixture(params=CASES, ids=lambda name: name.replace(" ", "-"))
def settings(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    return Settings(home=ROOT, **CASES[request.param])


@pytest.fixture(params=[True, False], ids=["with-IPv6", "without-IPv6"])
def rendered(request: pytest.FixtureRequest, settings: Settings) -> Rendered:
    return render(settings, ipv6=request.param)


@pytest.mark.covers("G1", "G2", "G4")
def test_every_difference_is_an_address_a_port_a_path_or_the_public_host(
    settings: Settings, rendered: Rendered
) -> None:
    others = [one for one in _differences(rendered) if not _allowed(one, settings)]
    assert not others, "\n".join(f"{one.path}: {one.committed!r} -> {one.native!r}" for one in others)


def test_nothing_of_the_containers_is_left(rendered: Rendered) -> None:
    """What must change did: no path, name or wildcard of the containers remains where a place is meant."""
    places = [value for leaves in _natives(rendered).values() for value in leaves.values()]
    assert not [value for value in places if str(value).startswith("/etc/envoy")]
    hosts = {value for path, value in _leaves(rendered.bootstrap) if re.fullmatch(rf"{UPSTREAM}/address", path)}
    assert hosts == {"127.0.0.1"}


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_each_worker_of_the_authorizer_is_an_endpoint_and_no_other_cluster_grows(workers: int) -> None:
    clusters = render(Settings(home=ROOT, ext_authz_workers=workers)).bootstrap["static_resources"]["clusters"]
    ports = {
        cluster["name"]: [
            host["endpoint"]["address"]["socket_address"]["port_value"]
            for group in cluster["load_assignment"]["endpoints"]
            for host in group["lb_endpoints"]
        ]
        for cluster in clusters
    }
    assert ports.pop("ext_authz") == [50051 + number for number in range(workers)]
    assert {len(found) for found in ports.values()} == {1}


@pytest.mark.covers("S11")
def test_the_default_listens_on_loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    native = dict(_leaves(render(Settings(home=ROOT)).bootstrap))
    addresses = {v for path, v in native.items() if re.fullmatch(rf"({LISTENER}|{ADMIN})/address", path)}
    assert addresses == {"127.0.0.1", "::1"}


@pytest.mark.covers("S11")
def test_the_admin_interface_stays_on_loopback_whatever_is_asked_for(rendered: Rendered) -> None:
    assert rendered.bootstrap["admin"]["address"]["socket_address"]["address"] == "127.0.0.1"


@pytest.mark.covers("S11")
def test_the_dashboard_stays_on_loopback_whatever_is_asked_for(settings: Settings, rendered: Rendered) -> None:
    (dashboard,) = [one for one in rendered.bootstrap["static_resources"]["listeners"] if one["name"] == "dashboard"]
    assert dashboard["address"]["socket_address"]["address"] == "127.0.0.1"
    assert "additional_addresses" not in dashboard
    places = {one.address for one in wanted_ports(settings) if one.setting == "dashboard_port"}
    assert places == {"127.0.0.1"}


@pytest.mark.covers("G1")
def test_the_redirect_and_the_allowed_origin_follow_the_public_url(settings: Settings, rendered: Rendered) -> None:
    leaves = dict(_leaves(rendered.bootstrap))
    host = next(value for path, value in leaves.items() if path.endswith("/host_redirect"))
    port = next(value for path, value in leaves.items() if path.endswith("/port_redirect"))
    assert f"https://{host}:{port}".removesuffix(":443") == settings.origin
    assert settings.origin in leaves.values()
    assert (settings.origin == "https://localhost") or ("https://localhost" not in leaves.values())


def test_the_written_files_hold_what_was_rendered(tmp_path: Path) -> None:
    settings = Settings(home=ROOT, state_dir=tmp_path)
    bootstrap = yaml.safe_load(write_topology(settings).read_text())
    native = dict(_leaves(bootstrap))
    for committed, value in _leaves(yaml.safe_load(COMMITTED["envoy.yaml"].read_text())):
        if committed in native:
            assert type(native[committed]) is type(value), committed
    assert {path.name for path in (tmp_path / "sds").iterdir()} == {
        path.name for path in (ROOT / "envoy/sds").iterdir()
    }
    assert not list(tmp_path.rglob("*.new"))


@pytest.mark.parametrize(
    ("path", "committed", "native"),
    [
        ("static_resources/clusters/0/connect_timeout", "1s", "2s"),
        ("static_resources/listeners/1/address/socket_address/protocol", "TCP", "UDP"),
        ("static_resources/clusters/0/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address/socket_address/address",
         "ext-authz", "192.0.2.1"),
        ("static_resources/clusters/1/load_assignment/endpoints/0/lb_endpoints/1/endpoint/address/socket_address/address",
         None, "127.0.0.1"),
        ("static_resources/clusters/0/load_assignment/endpoints/0/lb_endpoints/1/endpoint/address/socket_address/port_value",
         None, 50052),
        ("x/match_typed_subject_alt_names/0/matcher/exact", "ext-authz", "anything"),
        ("x/filename", "/etc/envoy/certs/ca.crt", "/etc/ssl/ca.crt"),
        ("x/failure_mode_allow", False, True),
        ("static_resources/listeners/0/redirect", "there", None),
    ],
)  # fmt: skip
def test_the_comparison_sees_what_it_should_refuse(path: str, committed: Any, native: Any) -> None:
    assert not _allowed(Difference(path, committed, native), Settings(home=ROOT))


def _allowed(one: Difference, settings: Settings) -> bool:
    if NOT_ASKED_FOR.fullmatch(one.path) and one.native is None:
        return True
    if ONE_MORE_WORKER.fullmatch(one.path) and one.committed is None:
        return _is_a_worker_more(one, settings)
    if SOCKET.fullmatch(one.path):
        return _is_a_place_of_ours(one, settings)
    if REDIRECT.fullmatch(one.path):
        return str(one.native).strip("[]") in re.split(r"[\[\]]|//|:(?=\d+$)", settings.origin) or one.native == 443
    if one.committed == "https://localhost":
        return bool(one.native == settings.origin)
    return _is_a_moved_path(one, settings)


def _is_a_place_of_ours(one: Difference, settings: Settings) -> bool:
    if one.path.endswith("port_value"):
        return one.native in dict(settings.ports()).values()
    edge = {settings.bind_address, "127.0.0.1", "::1"} | (
        {"0.0.0.0", "::"} if settings.bind_address == "0.0.0.0" else set()
    )
    return one.native in (edge if re.fullmatch(rf"{LISTENER}/address", one.path) else {"127.0.0.1"})


def _is_a_worker_more(one: Difference, settings: Settings) -> bool:
    """Only the authorizer's cluster has more endpoints than the file, one for each worker."""
    cluster, endpoint = (int(number) for number in re.findall(r"(?:clusters|lb_endpoints)/(\d+)", one.path))
    if CLUSTERS[cluster] != "ext_authz" or endpoint >= settings.ext_authz_workers:
        return False
    return bool(one.native == ("127.0.0.1" if one.path.endswith("/address") else settings.authz_port + endpoint))


def _is_a_moved_path(one: Difference, settings: Settings) -> bool:
    places = {
        "/etc/envoy/certs": settings.certs_dir,
        "/etc/envoy/sds": settings.state_dir / "sds",
        "/etc/envoy/dashboard": ROOT / "envoy" / "dashboard",
    }
    return any(one.native == str(one.committed).replace(old, str(new)) for old, new in places.items()
               if str(one.committed).startswith(old))  # fmt: skip


def _differences(rendered: Rendered) -> Iterator[Difference]:
    for name, native in _natives(rendered).items():
        committed = dict(_leaves(yaml.safe_load(COMMITTED[name].read_text())))
        for path in [*committed, *(set(native) - set(committed))]:
            one = Difference(path, committed.get(path), native.get(path))
            if type(one.committed) is not type(one.native) or one.committed != one.native:
                yield one


def _natives(rendered: Rendered) -> dict[str, Leaves]:
    files = {"envoy.yaml": rendered.bootstrap, **{f"sds/{name}": file for name, file in rendered.secrets.items()}}
    assert set(files) == set(COMMITTED)
    return {name: dict(_leaves(content)) for name, content in files.items()}


def _leaves(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value with its path; an empty list or mapping is a leaf too, so that none can vanish unseen."""
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    if not children:
        yield path, node
    for name, child in children:
        yield from _leaves(child, f"{path}/{name}" if path else str(name))
