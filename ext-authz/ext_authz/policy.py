"""What the policy says: the protected resources, their tools, and the scopes that each needs."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Resource:
    """One protected resource (RFC 9728).

    ``url`` is its resource identifier: what clients type, what tokens must name as audience (RFC 8707). ``scopes`` are
    needed by every request; ``tools`` maps each offered tool to all the scopes that a call of it needs, ``scopes``
    included.
    """

    name: str
    title: str
    path: str
    url: str
    scopes: frozenset[str]
    tools: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Policy:
    """All resources by the name that Envoy's routes carry in ``context_extensions``."""

    resources: Mapping[str, Resource]


@dataclass(frozen=True, slots=True)
class ResourceRules:
    """One entry of the policy file, before it is known under which public URL the gateway is reached."""

    name: str
    title: str
    path: str
    scopes: frozenset[str]
    tools: Mapping[str, frozenset[str]]

    def at(self, public_url: str) -> Resource:
        """The resource as clients of ``public_url`` (an origin, no trailing slash) see it."""
        tools = {tool: self.scopes | further for tool, further in self.tools.items()}
        return Resource(self.name, self.title, self.path, public_url + self.path, self.scopes, tools)
