"""`keycloak/realm-export.json` as text: the scopes that open a server, or one server's less.

The file is imported at Keycloak's first start only; a realm that exists already is made to follow the policy through
the admin API (`gateway.keycloak`). So this keeps the next first start, and the file as a description, up to date.
"""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from gateway.keycloak.scopes import client_scope
from gateway.resources.errors import CannotEdit
from gateway.resources.server import Server

PUBLIC_URL = "${PUBLIC_URL:https://localhost:8443}"
DEFINITIONS = '  "clientScopes": ['
# The scopes that every realm has begin here; a server's own stand above them
FIRST_OF_THE_REST = '    {\n      "name": "basic",'
LISTS = re.compile(r'"(?:optionalClientScopes|defaultOptionalClientScopes)": \[\n')
FIRST_LISTED_OF_THE_REST = re.compile(r'\n *"profile"(?=,?\n)')


def with_scopes(text: str, server: Server) -> str:
    """The realm with every scope of `server`: defined, and offered to every client as an optional one.

    Raises:
        CannotEdit: a scope is there already, or the file has another shape than it came with.
    """
    if taken := sorted(set(server.scopes) & defined(text)):
        raise CannotEdit(f"the realm has a scope {taken[0]!r} already: choose another name for the server's")
    audience = PUBLIC_URL + server.path
    scopes = [client_scope(name, server.name, [audience], tools) for name, tools in server.scopes.items()]
    at = text.find(FIRST_OF_THE_REST, text.find(DEFINITIONS))
    lists = list(LISTS.finditer(text))
    # Three lists: those of mcp-client and mcp-machine, and the realm's
    if at < 0 or len(lists) != 3 or DEFINITIONS not in text:  # noqa: PLR2004
        raise CannotEdit("realm-export.json does not look as it came: the place for client scopes is not to be found")
    edited = text[:at] + "".join(_indented(scope) + ",\n" for scope in scopes) + text[at:]
    return _listed(edited, list(server.scopes))


def without_scopes(text: str, names: Iterable[str]) -> str:
    """The realm without these scopes, those that it does not have included."""
    for name in names:
        quoted = re.escape(json.dumps(name))
        text = re.sub(rf'    \{{\n      "name": {quoted},.*?\n    \}},\n', "", text, count=1, flags=re.DOTALL)
        text = re.sub(rf"\n *{quoted},(?=\n)", "", text)
    return text


def defined(text: str) -> set[str]:
    """The names of all client scopes in the realm.

    Raises:
        CannotEdit: the text is not a realm.
    """
    try:
        realm: dict[str, Any] = json.loads(text)
        return {scope["name"] for scope in realm["clientScopes"]}
    except (ValueError, KeyError, TypeError) as error:
        raise CannotEdit(f"realm-export.json cannot be read as a realm with client scopes ({error})") from error


def _indented(scope: dict[str, Any]) -> str:
    return "\n".join(f"    {line}" for line in json.dumps(scope, indent=2).splitlines())


def _listed(text: str, names: Sequence[str]) -> str:
    for found in reversed(list(LISTS.finditer(text))):
        first = FIRST_LISTED_OF_THE_REST.search(text, found.end() - 1)
        if first is None or "]" in text[found.end() : first.start()]:
            raise CannotEdit('realm-export.json does not look as it came: "profile" is not among the optional scopes')
        indent = first[0][: first[0].index('"')]
        text = text[: first.start()] + "".join(f"{indent}{json.dumps(n)}," for n in names) + text[first.start() :]
    return text
