"""One JSON line per decision, and per thing that goes wrong. Never a header, a body, a token or an e-mail address."""

import json
import logging
from collections.abc import Callable, Iterable
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted
from typing import Any, NamedTuple, TextIO, cast

import structlog
from mcp_wire import LogStream, Utc

from ext_authz.verdict import REFUSALS, Allow, Reason, Verdict

ALLOWED = "allowed"
"""The word for logs and metrics where there is no reason to refuse."""

_LONGEST = 256
"""Characters kept of what a client chose (path, tool, request id). JSON escapes line breaks and control characters."""


def json_logger(stream: TextIO, level: str) -> structlog.typing.FilteringBoundLogger:
    """A logger that writes one ASCII JSON object per line to ``stream``, and would rather lose one than raise."""
    logger: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
        structlog.WriteLogger(cast(TextIO, LogStream(stream))),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.processors.JSONRenderer(serializer=json.dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        cache_logger_on_first_use=True,
    ).bind(service="ext-authz")
    return logger


class Decision(NamedTuple):
    """What is kept of a request until it is told: of what the client sent, only this. ``at`` is nanoseconds since 1970.

    ``resource`` is the policy's name for it, ``subject`` the token's, if one was read.
    """

    method: str
    path: str
    request_id: str
    resource: str
    verdict: Verdict
    subject: str | None
    seconds: float
    at: int


class DecisionLog:
    """Writes decisions by ``write``, which takes lines, and what is rarer to ``logger``."""

    def __init__(self, logger: structlog.typing.FilteringBoundLogger, write: Callable[[Iterable[str]], object]) -> None:
        self._logger = logger
        self._write = write
        self._says_decisions = logger.is_enabled_for(logging.INFO)
        self._bound = json.dumps(structlog.get_context(logger))[1:-1]
        self._utc = Utc()

    def decided(self, decisions: Iterable[Decision]) -> None:
        """A line for each."""
        if self._says_decisions:
            self._write(self._line(decision) for decision in decisions)

    def _line(self, told: Decision) -> str:
        # Written here and not by structlog, whose processors take ten times as long, a tenth of a whole request.
        tool, reason = told.verdict.tool, None if isinstance(told.verdict, Allow) else told.verdict.reason
        what = _what(told.method[:_LONGEST], told.path[:_LONGEST], told.resource, tool and tool[:_LONGEST], reason)
        return (
            f'{{{self._bound}, {what}, "subject": {_subject(told.subject)}, '
            f'"request_id": {quoted(told.request_id[:_LONGEST])}, "ms": {told.seconds * 1000:.3f}, '
            f'"event": "decision", "level": "info", "time": "{self._utc.text(told.at)}"}}\n'
        )

    def failed(self, request_id: str, error: BaseException) -> None:
        """A fault of our own. Only its type and place are said: its text may quote what was being handled."""
        self._logger.error("fault", request_id=request_id[:_LONGEST], **_place(error))

    def unavailable(self, request_id: str, cause: str) -> None:
        """The authorization server could not be asked."""
        self._logger.warning("authorization_server_unavailable", request_id=request_id[:_LONGEST], cause=cause)

    def registration(self, request_id: str, outcome: str, status: int, seconds: float) -> None:
        """A client asked to be registered."""
        self._logger.info(
            "registration",
            outcome=outcome,
            status=status,
            request_id=request_id[:_LONGEST],
            ms=round(seconds * 1000, 3),
        )

    def logout(self, outcome: str) -> None:
        """Keycloak told that a session has ended, or somebody pretended to."""
        self._logger.info("logout", outcome=outcome)

    def policy_accepted(self, resources: list[str]) -> None:
        """A changed policy file is in force."""
        self._logger.info("policy_accepted", resources=resources)

    def policy_refused(self, source: str, line: int, text: str) -> None:
        """A changed policy file cannot be used; the one before stays in force."""
        self._logger.error("policy_refused", file=source, line=line, text=text)


# What a client or a token chose goes through the JSON encoder's own function for strings, in ASCII. It chooses the same
# again and again, so what was made of it is kept for a while.
@lru_cache(maxsize=1024)
def _what(method: str, path: str, resource: str, tool: str | None, reason: Reason | None) -> str:
    return (
        f'"method": {quoted(method)}, "path": {quoted(path)}, "resource": {quoted(resource)}, '
        f'"tool": {"null" if tool is None else quoted(tool)}, '
        f'"verdict": "{"deny" if reason else "allow"}", "reason": "{reason.value if reason else ALLOWED}", '
        f'"status": {REFUSALS[reason].http_status if reason else 200}'
    )


@lru_cache(maxsize=1024)
def _subject(subject: str | None) -> str:
    return "null" if subject is None else quoted(subject)


def reason_of(verdict: Verdict) -> str:
    """The word for logs and metrics."""
    return ALLOWED if isinstance(verdict, Allow) else verdict.reason.value


def _place(error: BaseException) -> dict[str, Any]:
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    where = f"{frame.tb_frame.f_code.co_qualname}:{frame.tb_lineno}" if frame is not None else None
    return {"error": type(error).__name__, "where": where}
