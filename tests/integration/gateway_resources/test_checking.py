"""The files as they would become, looked at by those who read them: the authorizer's own reader, and Envoy."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from gateway.resources.checking import check
from gateway.resources.editing import with_server
from gateway.resources.errors import NotValid
from gateway.resources.files import Files, Texts
from gateway.resources.server import Server, read_upstream
from gateway.settings import Settings

from tests.support.own_servers import contents, own_home

URLS = [
    ("http://127.0.0.1:9000/mcp", {}),
    ("http://[::1]:9000/", {}),
    ("https://mcp.example.org/api/mcp", {}),
    ("https://notes:9443/mcp", {"our_ca": True}),
    ("https://notes:9443/mcp", {"mtls": True}),
    ("https://10.1.2.3:9443/mcp", {"mtls": True}),
]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A checkout in which no gateway ever ran. Checking leaves it as it is."""
    home = own_home(tmp_path_factory.mktemp("home"))
    before = contents(home)
    yield Settings(home=home)
    assert contents(home) == before
    assert not (home / "certs").exists()
    assert not (home / ".gateway").exists()


@pytest.fixture(scope="module")
def texts(settings: Settings) -> Texts:
    return Files.of(settings).read()


@pytest.mark.covers("M6", "T4")
@pytest.mark.parametrize(("url", "options"), URLS, ids=str)
def test_envoy_and_the_authorizer_accept_a_server_however_it_is_reached(
    settings: Settings, texts: Texts, url: str, options: dict[str, bool]
) -> None:
    upstream = read_upstream(url, mtls=options.get("mtls", False), our_ca=options.get("our_ca", False))
    check(settings, with_server(texts, Server("notes", upstream, "mcp:notes", {"read": (), "null": ("mcp:n",)})))


@pytest.mark.parametrize(
    ("which", "old", "new", "says"),
    [
        ("policy", "scopes: [mcp:weather]", "scopes: mcp:weather", r"policy\.yaml:11: scopes are a list"),
        ("policy", "path: /mcp/weather", "path: /mcp/wetter", "'weather' at /mcp/wetter"),
        ("envoy", "cluster: mcp_weather", "cluster: mcp_other", "unknown cluster 'mcp_other'"),
        ("envoy", "normalize_path: true", "normalise_path: true", "normalise_path"),
        ("envoy", "static_resources:", "static_resources: ]", r"envoy\.yaml cannot be read"),
        ("envoy", "{ resource: calculator }", "{ resource: sums }", "'calculator' at /mcp/calculator"),
        ("realm", '"mcp:calculator",', '"mcp:calculator", "mcp:lost",', "offers the scope 'mcp:lost'"),
        ("realm", '"realm": "mcp-gateway",', '"realm": "mcp-gateway"', "cannot be read as a realm"),
    ],
)
def test_what_one_of_them_refuses_is_said_in_its_words(
    settings: Settings, texts: Texts, which: str, old: str, new: str, says: str
) -> None:
    good: str = getattr(texts, which)
    assert old in good
    with pytest.raises(NotValid, match=says):
        check(settings, replace(texts, **{which: good.replace(old, new, 1)}))


def test_no_path_of_the_check_itself_is_in_what_it_says(settings: Settings, texts: Texts) -> None:
    bad = replace(texts, envoy=texts.envoy.replace("/etc/envoy/dashboard/index.html", "/etc/envoy/dashboard/none.html"))
    with pytest.raises(NotValid) as refusal:
        check(settings, bad)
    assert str(Path("/tmp")) not in str(refusal.value)
