"""Tools and rules, held against one another."""

from gateway.resources.coverage import compare
from gateway.resources.files import Texts
from gateway.resources.upstreams import upstreams
from gateway.runner.topology import render
from gateway.settings import Settings

from tests.support.stack import ROOT

TEXTS = Texts("resources: {notes: {path: /mcp/notes, scopes: [], tools: {read: [], lost: []}}}", "", "")


def test_every_gap_is_a_sentence_and_none_is_none() -> None:
    assert compare(TEXTS, {"notes": ["read", "lost"]}) == []
    assert compare(TEXTS, {"notes": ["read", "new"]}) == [
        "notes: the tool 'new' has no rule, so every call of it is refused",
        "notes: the rule for 'lost' has no tool",
    ]


def test_where_the_servers_are_is_read_from_what_envoy_runs_with() -> None:
    settings = Settings(home=ROOT, weather_port=4711)
    found = upstreams(render(settings).bootstrap)
    weather, calculator = found["weather"], found["calculator"]
    assert (weather.url, weather.authority) == ("https://127.0.0.1:4711/", "mcp-weather")
    assert (weather.mtls, weather.our_ca) == (True, True)
    assert (calculator.tls, calculator.path) == (False, "/")
