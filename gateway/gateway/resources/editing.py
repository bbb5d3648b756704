"""What adding and removing a server does to the three files: pure functions of what they say."""

from gateway.policy import PolicyUnreadable, Resource, parse_policy
from gateway.resources import envoy_text, policy_text, realm_text
from gateway.resources.errors import CannotEdit
from gateway.resources.files import Texts
from gateway.resources.server import Server


def with_server(texts: Texts, server: Server) -> Texts:
    """The files with `server` in all of them.

    Raises:
        CannotEdit: its name, path or a scope is taken, or a file has lost the place to write at.
    """
    for other in _resources(texts).values():
        if other.name == server.name:
            raise CannotEdit(
                f"{server.name!r} is there already: `mcp-gateway remove {server.name}` first, or choose another name"
            )
        if shared := sorted(set(other.scopes) & set(server.scopes)):
            # A token for one of the two would be good for the other as well
            raise CannotEdit(f"the scope {shared[0]!r} opens {other.name!r}: choose another with --scope")
    return Texts(
        policy_text.with_server(texts.policy, server),
        envoy_text.with_server(texts.envoy, server),
        realm_text.with_scopes(texts.realm, server),
    )


def without(texts: Texts, name: str) -> tuple[Texts, Resource]:
    """The files without `name`, and what it was. Scopes that others need as well stay.

    Raises:
        CannotEdit: there is no such server, or others use what its route defines.
    """
    resources = _resources(texts)
    if name not in resources:
        raise CannotEdit(f"there is no {name!r}; there are {', '.join(resources)}")
    gone = resources.pop(name)
    kept = {scope for other in resources.values() for scope in other.scopes}
    edited = Texts(
        policy_text.without(texts.policy, name),
        envoy_text.without(texts.envoy, name),
        realm_text.without_scopes(texts.realm, [scope for scope in gone.scopes if scope not in kept]),
    )
    return edited, gone


def _resources(texts: Texts) -> dict[str, Resource]:
    try:
        return parse_policy(texts.policy)
    except PolicyUnreadable as error:
        raise CannotEdit(f"the policy {error}") from error
