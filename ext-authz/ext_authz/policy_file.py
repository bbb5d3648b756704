"""Reads policy.yaml. Whatever is wrong with it stops the start, with the line and the mend."""

import re
from collections.abc import Iterator
from pathlib import Path

import yaml
from mcp_wire import parse_scopes

from ext_authz.policy import Policy, ResourceRules

_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")
_TOOL = re.compile(r"[A-Za-z0-9_.-]{1,128}")  # MCP 2025-11-25, Tools: names of 1 to 128 of these characters
_RESOURCE_KEYS = frozenset({"path", "title", "scopes", "tools"})


class PolicyError(Exception):
    """The policy cannot be used. ``line`` counts from 1."""

    def __init__(self, source: str, line: int, text: str) -> None:
        super().__init__(f"{source}:{line}: {text}")
        self.source = source
        self.line = line
        self.text = text


def load_policy(file: Path, public_url: str) -> Policy:
    """The policy in ``file``, for a gateway that clients reach at ``public_url``.

    Raises:
        PolicyError: the file cannot be read, is not YAML, or breaks a rule.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(str(file), 1, f"cannot be read ({type(error).__name__}): set POLICY_FILE to it") from error
    return parse_policy(text, public_url, source=str(file))


def parse_policy(text: str, public_url: str, *, source: str) -> Policy:
    """As ``load_policy``, from the file's text; ``source`` names it in errors."""
    root = _node_tree(text, source)
    rules = _Reader(source).resources(root)
    return Policy({rule.name: rule.at(public_url) for rule in rules})


def _node_tree(text: str, source: str) -> yaml.Node | None:
    """Not Python objects: the tree keeps line numbers and repeated keys, and constructs nothing."""
    loader: yaml.SafeLoader | None = None
    try:
        loader = yaml.SafeLoader(text)
        root: yaml.Node | None = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise PolicyError(source, line, f"is not YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise PolicyError(source, 1, "is not YAML: it has a character that YAML does not allow") from error
    except RecursionError as error:
        raise PolicyError(source, 1, "is nested too deeply") from error
    except (OverflowError, ValueError) as error:  # PyYAML lets them out: chr(0x110000), int() of 5,000 digits
        line = loader.line + 1 if loader else 1
        raise PolicyError(source, line, "is not YAML: it has an escape or a number beyond all bounds") from error
    return root


class _Reader:
    """Walks the node tree from the outside in. Each method reads one kind of thing or says what is wrong with it."""

    def __init__(self, source: str) -> None:
        self._source = source

    def resources(self, root: yaml.Node | None) -> list[ResourceRules]:
        top = self._one_of_keys(root, frozenset({"resources"}), "the file")
        if "resources" not in top:
            raise self._error(root, 'has no "resources": add it, with one entry per resource')
        rules: list[ResourceRules] = []
        for key, name, node in self._entries(top["resources"], '"resources"'):
            self._match(key, name, _NAME, "a resource's name is lower-case letters, digits and hyphens")
            rule = self._resource(name, node)
            # Two names for one URL would let the laxer entry's tokens in at the stricter one's door.
            if taken := next((other.name for other in rules if other.path == rule.path), None):
                raise self._error(node, f'"{name}" has the path of "{taken}": give each resource its own')
            rules.append(rule)
        if not rules:
            raise self._error(root, '"resources" is empty: add at least one resource')
        return rules

    def _resource(self, name: str, node: yaml.Node) -> ResourceRules:
        members = self._one_of_keys(node, _RESOURCE_KEYS, f'"{name}"')
        for needed in ("path", "scopes", "tools"):
            if needed not in members:
                raise self._error(node, f'"{name}" has no "{needed}": add it')
        path = self._text(members["path"], '"path"')
        self._match(members["path"], path, _PATH, '"path" is like /mcp/name: no trailing slash, no encoding, no query')
        if {".", ".."} & set(path.split("/")):
            raise self._error(members["path"], '"path" has a "." or ".." segment: write where it leads')
        title = self._text(members["title"], '"title"') if "title" in members else name
        return ResourceRules(name, title, path, self._scopes(members["scopes"]), self._tools(members["tools"]))

    def _tools(self, node: yaml.Node) -> dict[str, frozenset[str]]:
        tools: dict[str, frozenset[str]] = {}
        for key, tool, scopes in self._entries(node, '"tools"'):
            self._match(key, tool, _TOOL, "a tool's name is 1 to 128 letters, digits, underscores, dots and hyphens")
            tools[tool] = self._scopes(scopes)
        return tools

    def _scopes(self, node: yaml.Node) -> frozenset[str]:
        if not isinstance(node, yaml.SequenceNode):
            raise self._error(node, "scopes are a list: write [mcp:name], or [] for none")
        return frozenset(self._scope(item) for item in node.value)

    def _scope(self, node: yaml.Node) -> str:
        text = self._text(node, "a scope")
        try:
            tokens = parse_scopes(text)
        except ValueError:
            tokens = frozenset()
        if tokens != {text}:
            raise self._error(
                node, f"{text!r} is not one scope-token (RFC 6749 section 3.3): no spaces, quotes, non-ASCII"
            )
        return text

    def _one_of_keys(self, node: yaml.Node | None, known: frozenset[str], what: str) -> dict[str, yaml.Node]:
        members: dict[str, yaml.Node] = {}
        for key, name, value in self._entries(node, what):
            if name not in known:
                raise self._error(key, f'unknown key "{name}": {what} takes {", ".join(sorted(known))}')
            members[name] = value
        return members

    def _entries(self, node: yaml.Node | None, what: str) -> Iterator[tuple[yaml.Node, str, yaml.Node]]:
        if not isinstance(node, yaml.MappingNode):
            raise self._error(node, f"{what} must be a mapping of names to values")
        seen: set[str] = set()
        for key, value in node.value:
            name = self._text(key, "a key")
            if name in seen:  # YAML readers keep the last of two; which of the two was meant cannot be known
                raise self._error(key, f'"{name}" stands twice: remove one')
            seen.add(name)
            yield key, name, value

    def _text(self, node: yaml.Node, what: str) -> str:
        if not isinstance(node, yaml.ScalarNode) or node.tag != "tag:yaml.org,2002:str":
            raise self._error(
                node, f"{what} must be text: put it in quotes if it looks like a number, a date or yes/no"
            )
        return str(node.value)

    def _match(self, node: yaml.Node, text: str, pattern: re.Pattern[str], rule: str) -> None:
        if not pattern.fullmatch(text):
            raise self._error(node, f"{text!r} is not allowed here: {rule}")

    def _error(self, node: yaml.Node | None, text: str) -> PolicyError:
        return PolicyError(self._source, node.start_mark.line + 1 if node else 1, text)
