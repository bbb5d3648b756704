"""Which MCP servers there are and what their scopes are called, read from the gateway's policy file."""

from pathlib import Path

from gateway.client.errors import ClientError
from gateway.policy import PolicyUnreadable, Resource, parse_policy

__all__ = ["Resource", "all_scopes", "read_resources"]


def read_resources(policy_file: Path) -> dict[str, Resource]:
    """The resources by name, in the file's order. Raises ClientError if the file cannot be understood."""
    try:
        return parse_policy(policy_file.read_text(encoding="utf-8"))
    except (OSError, PolicyUnreadable) as error:
        raise ClientError(f"POLICY_FILE: {policy_file} cannot be read as the gateway's policy ({error})") from error


def all_scopes(resources: dict[str, Resource]) -> list[str]:
    """Every scope of every resource, each once."""
    return list(dict.fromkeys(scope for resource in resources.values() for scope in resource.scopes))
