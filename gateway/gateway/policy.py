"""The policy file as the gateway's own commands see it: which resources there are, and which scopes open them.

The authorizer is its judge (`python -m ext_authz.check_policy`, which names the line that is wrong); this reads a good
one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml


class PolicyUnreadable(Exception):
    """The text is not a policy; says why, for whoever knows the file's name."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One MCP server at the gateway. `needs` are the scopes that every request needs, `tools` those beyond them."""

    name: str
    title: str
    path: str
    needs: tuple[str, ...]
    tools: Mapping[str, tuple[str, ...]]

    @property
    def scopes(self) -> tuple[str, ...]:
        """All that it or any of its tools may need, each once."""
        return tuple(dict.fromkeys([*self.needs, *(scope for further in self.tools.values() for scope in further)]))

    def tools_that_need(self, scope: str) -> tuple[str, ...]:
        """The tools for which `scope` is a further one; none where every request needs it."""
        if scope in self.needs:
            return ()
        return tuple(tool for tool, further in self.tools.items() if scope in further)


def parse_policy(text: str) -> dict[str, Resource]:
    """The resources by name, in the file's order.

    Raises:
        PolicyUnreadable: it is not YAML, or does not list resources.
    """
    try:
        listed = yaml.safe_load(text)["resources"]
        return {str(name): _resource(str(name), entry) for name, entry in listed.items()}
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise PolicyUnreadable("does not list resources, each with a path") from error


def _resource(name: str, entry: Mapping[str, Any]) -> Resource:
    tools = {str(tool): tuple(further) for tool, further in (entry.get("tools") or {}).items()}
    return Resource(name, str(entry.get("title", name)), str(entry["path"]), tuple(entry.get("scopes") or ()), tools)
