"""S14: tools beyond the token's scopes, and names that look like theirs, where the server shows such tools.

Ours names the missing scopes in `_meta` of a tool in the list; other servers mark nothing, and there is nothing to try.
A tool is called only where it must be refused, and with arguments that none takes.
"""

import json
from collections.abc import Iterator

from gateway.doctor.attacks.attack import Attack, Header, Known
from gateway.doctor.attacks.expecting import RPC_ERROR
from gateway.doctor.wire import Json

MISSING_SCOPES = "io.github.mcp-gateway/missing-scopes"
_NONE = "no listed tool says that the token lacks a scope for it"
_FIX = "compare scopes and names of tools as whole strings (RFC 6749 §3.3), and refuse tools that no policy lists"
_ARGUMENTS = {"attacker.invalid": None}


def attacks(known: Known) -> list[Attack]:
    """Of one such tool."""
    name = next(beyond(known.tools), None)
    calls: dict[str, tuple[str, list[Header]]] = {
        "a tool beyond the scopes": (name or "", []),
        "its name in another case": ((name or "").swapcase(), []),
        "its name in wide letters": ("".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in name or ""), []),
        "its scope in a header": (name or "", [("X-User-Scopes", f"admin {_needed(known.tools, name)}")]),
    }
    return [
        Attack("S14", title, known.post(*known.inside, *headers, body=_call(tool)), RPC_ERROR, _FIX).unless(
            known.no_entry or (None if name else _NONE)
        )
        for title, (tool, headers) in calls.items()
    ]


def beyond(tools: list[Json]) -> Iterator[str]:
    """Names of tools that the list itself says are not for this token."""
    for tool in tools:
        name, meta = tool.get("name"), tool.get("_meta")
        if isinstance(name, str) and isinstance(meta, dict) and meta.get(MISSING_SCOPES):
            yield name


def _needed(tools: list[Json], name: str | None) -> str:
    lists = (tool["_meta"][MISSING_SCOPES] for tool in tools if name and tool.get("name") == name)
    found: object = next(lists, [])
    scopes = [str(scope) for scope in found] if isinstance(found, list) else []
    return " ".join(scope for scope in scopes if scope.isascii() and scope.isprintable())


def _call(tool: str) -> bytes:
    params = {"name": tool, "arguments": _ARGUMENTS}
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()
