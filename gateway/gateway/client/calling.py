"""What `call` asks of one server: its tools, or a call of one of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.client.arguments import parse_arguments
from gateway.client.errors import BadRequest
from gateway.client.sign_in import trusting
from gateway.client.tools import CallResult, Tool

if TYPE_CHECKING:
    from gateway.client.mcp_session import McpSession

Answer = list[Tool] | CallResult


def ask(url: str, ca_file: Path, token: str, tool: str | None, words: Sequence[str]) -> Answer:
    """The tools of the server at `url` where `tool` is None, else what that tool makes of the arguments in `words`.

    Raises:
        ClientError: refused, not reached, no such tool, or arguments that it does not have.
    """
    # Here, for it loads the SDK: `mcp-gateway status` should not wait for that
    from gateway.client.mcp_session import Server, converse  # noqa: PLC0415

    async def use(session: "McpSession") -> Answer:
        tools = {offered.name: offered for offered in await session.tools()}
        if tool is None:
            return list(tools.values())
        if tool not in tools:
            raise BadRequest(f"There is no tool {tool!r}; there are {', '.join(tools) or 'none'}")
        return await session.call(tool, parse_arguments(tools[tool], words))

    return converse(Server(url, trusting(ca_file), token), use)
