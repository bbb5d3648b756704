"""Which MCP servers there are and what their scopes are called, read from the gateway's policy file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from gateway.client.errors import ClientError


@dataclass(frozen=True, slots=True)
class Resource:
    """One MCP server at the gateway; `scopes` are all that it or any of its tools may need."""

    name: str
    title: str
    path: str
    scopes: tuple[str, ...]


def read_resources(policy_file: Path) -> dict[str, Resource]:
    """The resources by name, in the file's order. Raises ClientError if the file cannot be understood."""
    try:
        listed = yaml.safe_load(policy_file.read_text(encoding="utf-8"))["resources"]
        return {name: _resource(name, entry) for name, entry in listed.items()}
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise ClientError(f"POLICY_FILE: {policy_file} cannot be read as the gateway's policy ({error})") from error


def all_scopes(resources: dict[str, Resource]) -> list[str]:
    """Every scope of every resource, each once."""
    return list(dict.fromkeys(scope for resource in resources.values() for scope in resource.scopes))


def _resource(name: str, entry: dict[str, Any]) -> Resource:
    scopes = [*entry.get("scopes", []), *(scope for needed in entry.get("tools", {}).values() for scope in needed)]
    return Resource(name, entry.get("title", name), entry["path"], tuple(dict.fromkeys(scopes)))
