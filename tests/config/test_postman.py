"""The Postman collection covers what there is; newman shows that it passes, against either stack (.ci/postman)."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.stack import ROOT
from tests.support.topology import policy

FOLDER = ROOT / "postman"
COLLECTION = json.loads((FOLDER / "MCP-Gateway.postman_collection.json").read_text(encoding="utf-8"))
ENVIRONMENTS = sorted(FOLDER.glob("*.postman_environment.json"))


def requests(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "request" in node:
        yield node
    for child in node.get("item", []):
        yield from requests(child)


@pytest.mark.covers("D3", "W2", "C2")
def test_every_tool_of_the_policy_is_called() -> None:
    bodies = [json.loads(entry["request"]["body"]["raw"]) for entry in requests(COLLECTION) if raw(entry)]
    called = {body["params"]["name"] for body in bodies if body.get("method") == "tools/call"}
    assert {tool for resource in policy()["resources"].values() for tool in resource["tools"]} <= called


def raw(entry: dict[str, Any]) -> bool:
    return bool(entry["request"].get("body", {}).get("raw"))


@pytest.mark.covers("D3")
@pytest.mark.parametrize("entry", list(requests(COLLECTION)), ids=lambda entry: entry["name"])
def test_every_request_asserts_something(entry: dict[str, Any]) -> None:
    [tests] = [event["script"]["exec"] for event in entry["event"] if event["listen"] == "test"]
    assert any("pm.test(" in line for line in tests)


@pytest.mark.covers("D3")
def test_both_environments_set_every_variable_that_the_collection_does_not_set_itself() -> None:
    values = [{entry["key"] for entry in json.loads(path.read_text())["values"]} for path in ENVIRONMENTS]
    assert len(values) == 2
    assert values[0] == values[1] == {"baseUrl", "httpUrl", "clientId", "redirectUri", "username", "password"}
