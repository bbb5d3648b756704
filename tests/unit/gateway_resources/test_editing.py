"""The three files as text: what is added is little, means what it should, and can be taken back without a trace."""

import difflib
import itertools
import json
from typing import Any

import pytest
import yaml
from gateway.resources.editing import with_server, without
from gateway.resources.envoy_text import CLUSTERS_END, ROUTES_END
from gateway.resources.errors import CannotEdit
from gateway.resources.files import Texts
from gateway.resources.server import Server, read_upstream

from tests.support.stack import ROOT


def shipped() -> Texts:
    names = ("ext-authz/policy.yaml", "envoy/envoy.yaml", "keycloak/realm-export.json")
    return Texts(*((ROOT / name).read_text(encoding="utf-8") for name in names))


def server(name: str = "notes", url: str = "http://127.0.0.1:9000/mcp", **tools: tuple[str, ...]) -> Server:
    return Server(name, read_upstream(url), f"mcp:{name}", tools or {"read": (), "write": (f"mcp:{name}:write",)})


SERVERS = (
    server(),
    server("notes-old", "https://mcp.example.org/api"),
    Server("n", read_upstream("https://[::1]:9443/mcp", mtls=True), "own.scope/x", {"null": (), "1.5": (), "on": ()}),
)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
@pytest.mark.parametrize("ending", ["\n", "", "\n\n"], ids=repr)
def test_removing_in_any_order_leaves_the_files_byte_for_byte_as_they_were(order: tuple[int, ...], ending: str) -> None:
    before = shipped()
    before = Texts(before.policy.rstrip("\n") + ending, before.envoy, before.realm)
    texts = before
    for one in SERVERS:
        texts = with_server(texts, one)
    for index in order:
        texts, gone = without(texts, SERVERS[index].name)
        assert gone.name == SERVERS[index].name
    assert texts == before


def test_by_hand_it_is_ten_lines_and_none_in_the_realm() -> None:
    before = shipped()
    after = with_server(before, server(read=()))
    lines = [*added(before.policy, after.policy), *added(before.envoy, after.envoy)]
    assert len([line for line in lines if line.strip() and line.strip() != "read: []"]) == 10


def test_nothing_that_was_there_is_touched() -> None:
    before, after = shipped(), with_server(shipped(), SERVERS[2])
    for old, new in ((before.policy, after.policy), (before.envoy, after.envoy), (before.realm, after.realm)):
        changes = [line for line in difflib.ndiff(old.splitlines(), new.splitlines()) if line.startswith("- ")]
        assert changes == []


def test_the_policy_says_what_was_asked_for_whatever_the_words_look_like() -> None:
    entry = yaml.safe_load(with_server(shipped(), SERVERS[2]).policy)["resources"]["n"]
    assert entry == {"path": "/mcp/n", "scopes": ["own.scope/x"], "tools": {"null": [], "1.5": [], "on": []}}


@pytest.mark.covers("M6", "R6")
def test_the_route_reaches_one_path_with_the_servers_host_and_without_credentials() -> None:
    route = route_of("notes", with_server(shipped(), server()).envoy)
    assert route["match"] == {"path_separated_prefix": "/mcp/notes"}
    assert route["route"]["host_rewrite_literal"] == "127.0.0.1:9000"
    assert route["route"]["regex_rewrite"] == {"pattern": {"regex": "^/.*"}, "substitution": "/mcp"}
    assert route["route"]["timeout"] == "0s"
    assert {"authorization", "cookie", "origin"} == set(route["request_headers_to_remove"])


@pytest.mark.covers("G4", "G5", "R7")
def test_the_route_is_authorized_limited_and_shared_across_origins_as_the_others_are() -> None:
    envoy = with_server(shipped(), server()).envoy
    ours, theirs = route_of("calculator", envoy), route_of("notes", envoy)
    assert theirs["metadata"] == ours["metadata"]
    assert theirs["route"]["retry_policy"] == ours["route"]["retry_policy"]
    filters = json.dumps(ours["typed_per_filter_config"]).replace("calculator", "notes")
    assert theirs["typed_per_filter_config"] == json.loads(filters)


@pytest.mark.covers("T4", "S10")
@pytest.mark.parametrize(
    ("url", "mtls", "name", "ca"),
    [
        ("https://mcp.example", False, {"san_type": "DNS", "matcher": {"exact": "mcp.example"}}, "/etc/ssl/certs/"),
        ("https://notes:9443", True, {"san_type": "DNS", "matcher": {"exact": "notes"}}, "/etc/envoy/certs/ca.crt"),
        ("https://10.0.0.7", True, {"san_type": "IP_ADDRESS", "matcher": {"exact": "10.0.0.7"}}, "/etc/envoy/certs/"),
    ],
)  # fmt: skip
def test_tls_to_the_server_checks_its_name_and_shows_our_certificate_if_asked(
    url: str, mtls: bool, name: dict[str, Any], ca: str
) -> None:
    one = Server("notes", read_upstream(url, mtls=mtls), "mcp:notes", {})
    tls = cluster_of("notes", with_server(shipped(), one).envoy)["transport_socket"]["typed_config"]
    validation = tls["common_tls_context"]["validation_context"]
    assert validation["match_typed_subject_alt_names"] == [name]
    assert validation["trusted_ca"]["filename"].startswith(ca)
    assert ("tls_certificate_sds_secret_configs" in tls["common_tls_context"]) is mtls
    assert ("sni" in tls) is (name["san_type"] == "DNS")


@pytest.mark.covers("O10", "O11", "O13")
def test_the_realm_has_each_scope_as_those_that_it_came_with() -> None:
    realm = json.loads(with_server(shipped(), server()).realm)
    scopes = {scope["name"]: scope for scope in realm["clientScopes"]}
    ours, theirs = scopes["mcp:calculator:scientific"], scopes["mcp:notes:write"]
    assert theirs["protocolMappers"] == json.loads(json.dumps(ours["protocolMappers"]).replace("calculator", "notes"))
    assert theirs["attributes"].keys() == ours["attributes"].keys()
    assert theirs["attributes"]["consent.screen.text"] == "Use write of notes"
    client = next(one for one in realm["clients"] if one["clientId"] == "mcp-client")
    assert {"mcp:notes", "mcp:notes:write"} <= set(client["optionalClientScopes"])
    assert {"mcp:notes", "mcp:notes:write"} <= set(realm["defaultOptionalClientScopes"])


@pytest.mark.parametrize(
    ("one", "says"),
    [
        (server("weather"), "'weather' is there already"),
        (Server("notes", read_upstream("http://a"), "mcp:weather", {}), "'mcp:weather' opens 'weather'"),
        (Server("notes", read_upstream("http://a"), "mcp:notes", {"a": ("mcp:calculator",)}), "opens 'calculator'"),
        (Server("notes", read_upstream("http://a"), "acr", {}), "'acr'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_taken_is_said(one: Server, says: str) -> None:
    with pytest.raises(CannotEdit, match=says):
        with_server(shipped(), one)


@pytest.mark.parametrize("marker", [ROUTES_END, CLUSTERS_END])
def test_a_file_that_lost_its_place_to_write_at_is_named(marker: str) -> None:
    texts = shipped()
    lost = Texts(texts.policy, texts.envoy.replace(f"\n{marker}", "\n# "), texts.realm)
    with pytest.raises(CannotEdit, match=r"envoy\.yaml has lost the line"):
        with_server(lost, server())


def test_a_server_whose_route_defines_what_others_use_cannot_be_removed() -> None:
    with pytest.raises(CannotEdit, match="others use what it defines as &limit_mcp"):
        without(shipped(), "weather")


def test_the_last_of_the_shipped_servers_can_be_removed() -> None:
    texts, gone = without(shipped(), "calculator")
    assert set(yaml.safe_load(texts.policy)["resources"]) == {"weather"}
    assert "mcp_calculator" not in texts.envoy
    assert set(gone.scopes) == {"mcp:calculator", "mcp:calculator:scientific"}
    assert "mcp:calculator" not in texts.realm


def test_removing_what_is_not_there_says_what_is() -> None:
    with pytest.raises(CannotEdit, match="there are weather, calculator"):
        without(shipped(), "notes")


def added(old: str, new: str) -> list[str]:
    return [line[2:] for line in difflib.ndiff(old.splitlines(), new.splitlines()) if line.startswith("+ ")]


def route_of(name: str, envoy: str) -> dict[str, Any]:
    listeners = yaml.safe_load(envoy)["static_resources"]["listeners"]
    https = next(one for one in listeners if one["name"] == "https")
    hosts = https["filter_chains"][0]["filters"][0]["typed_config"]["route_config"]["virtual_hosts"]
    found: dict[str, Any] = next(one for one in hosts[0]["routes"] if one.get("name") == f"mcp-{name}")
    return found


def cluster_of(name: str, envoy: str) -> dict[str, Any]:
    clusters: list[dict[str, Any]] = yaml.safe_load(envoy)["static_resources"]["clusters"]
    return next(one for one in clusters if one["name"] == f"mcp_{name}")
