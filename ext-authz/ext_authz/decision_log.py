"""One JSON line per decision, and per thing that goes wrong. Never a header, a body, a token or an e-mail address."""

import json
import logging
import time
from collections.abc import Callable
from json.encoder import encode_basestring_ascii as quoted
from typing import Any, TextIO, cast

import structlog
from mcp_wire import LogStream

from ext_authz.operation import HttpRequest
from ext_authz.verdict import REFUSALS, Allow, Verdict

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


class DecisionLog:
    """Writes decisions by ``write``, a whole line each, and what is rarer to ``logger``."""

    def __init__(self, logger: structlog.typing.FilteringBoundLogger, write: Callable[[str], object]) -> None:
        self._logger = logger
        self._write = write
        self._says_decisions = logger.is_enabled_for(logging.INFO)
        self._bound = json.dumps(structlog.get_context(logger))[1:-1]
        self._second, self._second_text = 0, ""

    def decided(
        self, request: HttpRequest, resource: str, verdict: Verdict, subject: str | None, seconds: float
    ) -> None:
        """``resource`` is the policy's name for it, ``subject`` the token's, if one was read."""
        if not self._says_decisions:
            return
        # Written here and not by structlog, whose processors take ten times as long, a tenth of a whole request. What a
        # client or a token chose goes through the JSON encoder's own function for strings, in ASCII.
        tool, allowed = verdict.tool, isinstance(verdict, Allow)
        self._write(
            f'{{{self._bound}, "method": {quoted(request.method[:_LONGEST])}, '
            f'"path": {quoted(request.path[:_LONGEST])}, "resource": {quoted(resource)}, '
            f'"tool": {"null" if tool is None else quoted(tool[:_LONGEST])}, '
            f'"subject": {"null" if subject is None else quoted(subject)}, '
            f'"verdict": "{"allow" if allowed else "deny"}", "reason": "{reason_of(verdict)}", '
            f'"status": {200 if isinstance(verdict, Allow) else REFUSALS[verdict.reason].http_status}, '
            f'"request_id": {quoted(request.request_id[:_LONGEST])}, "ms": {round(seconds * 1000, 3)}, '
            f'"event": "decision", "level": "info", "time": "{self._now()}"}}\n'
        )

    def _now(self) -> str:
        # RFC 3339 in UTC, as structlog writes it. All but the microseconds is made once a second.
        second, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
        if second != self._second:
            self._second, self._second_text = second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        return f"{self._second_text}.{nanoseconds // 1000:06}Z"

    def failed(self, request_id: str, error: Exception) -> None:
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


def reason_of(verdict: Verdict) -> str:
    """The word for logs and metrics."""
    return "allowed" if isinstance(verdict, Allow) else verdict.reason.value


def _place(error: Exception) -> dict[str, Any]:
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    where = f"{frame.tb_frame.f_code.co_qualname}:{frame.tb_lineno}" if frame is not None else None
    return {"error": type(error).__name__, "where": where}
