"""`ext-authz/policy.yaml` as text: an entry more, or one less."""

from gateway.resources.blocks import Block, cut, find_block, word
from gateway.resources.errors import CannotEdit
from gateway.resources.server import Server


def with_server(text: str, server: Server) -> str:
    """The policy with an entry for `server` at its end.

    Raises:
        CannotEdit: its name is taken.
    """
    if _entry(text, server.name):
        raise CannotEdit(f"{server.name!r} stands in the policy already: `mcp-gateway remove {server.name}` first")
    # As one piece after the last line, whether that ends with a line break or not, so that removing it leaves no trace
    body = text.rstrip("\n")
    return body + "\n\n" + "\n".join(entry(server)) + text[len(body) :]


def without(text: str, name: str) -> str:
    """The policy without the entry `name` and the blank line above it.

    Raises:
        CannotEdit: there is none.
    """
    block = _entry(text, name)
    if block is None:
        raise CannotEdit(f"there is no {name!r} in the policy")
    lines = text.splitlines(keepends=True)
    above = block.first - 1
    rest = cut(text, Block(above if not lines[above].strip() else block.first, block.last))
    ended = text.endswith("\n")
    return rest if ended else rest.rstrip("\n")


def entry(server: Server) -> list[str]:
    """The lines of an entry; one for each tool."""
    tools = [f"      {word(tool)}: [{', '.join(map(word, further))}]" for tool, further in server.tools.items()]
    return [
        f"  {word(server.name)}:",
        f"    path: {server.path}",
        f"    scopes: [{word(server.scope)}]",
        *(["    tools:", *tools] if tools else ["    tools: {}"]),
    ]


def _entry(text: str, name: str) -> Block | None:
    lines = text.splitlines()
    listed = find_block(lines, "resources:")
    found = find_block(lines, f"  {name}:", f'  "{name}":', after=listed.first) if listed else None
    return found if listed and found and found.last <= listed.last else None
