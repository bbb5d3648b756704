"""Compares the tools that servers offer with the rules that the policy has for them."""

from collections.abc import Mapping
from typing import Any

import yaml

from gateway.client.mcp_session import McpSession, Server, converse
from gateway.client.sign_in import get_tokens, http_client, trusting, who_signs_in
from gateway.policy import PolicyUnreadable, Resource, parse_policy
from gateway.resources.asking import list_tools
from gateway.resources.errors import NotValid
from gateway.resources.files import Texts
from gateway.resources.upstreams import upstreams
from gateway.runner.state import running_state
from gateway.runner.topology import render
from gateway.settings import Settings

Offered = Mapping[str, list[str]]
"""Resource → the names of the tools that its server lists."""


def compare(texts: Texts, offered: Offered) -> list[str]:
    """A sentence for each tool without a rule, and for each rule without a tool."""
    gaps = []
    for name, resource in _resources(texts).items():
        tools = offered[name]
        without_rule = sorted(set(tools) - set(resource.tools))
        without_tool = sorted(set(resource.tools) - set(tools))
        gaps += [f"{name}: the tool {tool!r} has no rule, so every call of it is refused" for tool in without_rule]
        gaps += [f"{name}: the rule for {tool!r} has no tool" for tool in without_tool]
    return gaps


def offered_through_gateway(settings: Settings, texts: Texts) -> Offered:
    """What a user with every scope sees at the gateway.

    Raises:
        ClientError: the sign-in, or a server, fails.
    """
    resources = _resources(texts)
    person = who_signs_in(None, None, settings.origin, browser=False)
    offered = {}
    ca_file = settings.certs_dir / "ca.crt"
    with http_client(ca_file) as http:
        for name, resource in resources.items():
            tokens = get_tokens(http, settings.origin, person, ["openid", "email", *resource.scopes], tell=print)
            server = Server(settings.origin + resource.path, trusting(ca_file), tokens.access_token)
            offered[name] = [tool.name for tool in converse(server, McpSession.tools)]
    return offered


def offered_direct(settings: Settings, texts: Texts) -> Offered:
    """What the servers themselves say, at the addresses that Envoy has for them.

    Raises:
        NotAnswering: one cannot be asked.
        NotValid: Envoy's configuration has no address for one.
    """
    resources = _resources(texts)
    found = upstreams(_bootstrap(settings))
    if missing := sorted(set(resources) - set(found)):
        raise NotValid(f"envoy.yaml has no route with a cluster for {missing[0]!r}")
    return {name: list_tools(found[name], settings.certs_dir, resource.scopes) for name, resource in resources.items()}


def _bootstrap(settings: Settings) -> Mapping[str, Any]:
    """What Envoy runs with, if it runs here; its ports may be others than these settings say."""
    if running_state(settings.state_dir) is None:
        return render(settings).bootstrap
    loaded: Mapping[str, Any] = yaml.safe_load((settings.state_dir / "envoy.yaml").read_text(encoding="utf-8"))
    return loaded


def _resources(texts: Texts) -> dict[str, Resource]:
    try:
        return parse_policy(texts.policy)
    except PolicyUnreadable as error:
        raise NotValid(f"the policy {error}") from error
