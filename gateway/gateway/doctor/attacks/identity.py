"""S1: a caller who says who they are in headers that a gateway is to set."""

from http import HTTPStatus

from gateway.doctor.attacks.attack import ATTACKER, Attack, Expected, Header, Known
from gateway.doctor.attacks.exchange import Heard
from gateway.doctor.attacks.expecting import REFUSED, sound
from gateway.doctor.rpc import reply
from gateway.doctor.wire import Answer

_FIX = "believe a token alone: remove identity headers of clients before anything reads them"

NAMES: dict[str, list[Header]] = {
    "X-User-Sub and X-User-Scopes": [("X-User-Sub", ATTACKER), ("X-User-Scopes", "admin mcp:weather")],
    "x_user_sub, with underscores": [("x_user_sub", ATTACKER), ("x_user_scopes", "admin")],
    "other proxies' names": [(name, ATTACKER) for name in ("X-Forwarded-User", "X-Auth-Request-User", "Remote-User")],
    "a client certificate's": [
        ("X-SSL-Client-Verify", "SUCCESS"),
        ("X-Client-Cert", ATTACKER),
        ("X-Forwarded-Client-Cert", f"By=x;Subject=CN={ATTACKER}"),
    ],
    "those named in Connection": [("X-User-Sub", ATTACKER), ("Connection", "close, authorization, x-user-sub")],
}


def attacks(known: Known) -> list[Attack]:
    """Without a token they open nothing; with one they change nothing that can be seen."""
    alone = [
        Attack("S1", title, known.post(*headers), REFUSED, _FIX).unless(known.shut) for title, headers in NAMES.items()
    ]
    return [*alone, _beside_token(known)]


def _beside_token(known: Known) -> Attack:
    more: list[Header] = [("X-User-Sub", ATTACKER), ("X-User-Scopes", "admin mcp:admin"), ("X-User-Email", ATTACKER)]
    request = known.post(*known.inside, *more, body=LIST)
    return Attack("S1", "more scopes beside your token", request, same_tools(known.tools_answer), _FIX).unless(
        known.no_entry or (None if known.tools_answer else "its tools could not be listed")
    )


LIST = b'{"jsonrpc":"2.0","id":1,"method":"tools/list"}'


def same_tools(before: Answer | None) -> Expected:
    """The same list as without the headers (which tools show depends on scopes), or a refusal."""

    def judge(heard: Heard) -> str | None:
        answer, fault = heard.first, sound(heard)
        if fault or answer is None or answer.status >= HTTPStatus.BAD_REQUEST:
            return fault
        return None if before and reply(answer) == reply(before) else "the list of tools has changed"

    return Expected("the same tools", judge)
