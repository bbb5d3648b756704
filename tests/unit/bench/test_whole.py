"""What the measured authorizer must leave of each request is read from its own metrics and log."""

import io

import pytest
from ext_authz.decision_log import DecisionLog, json_logger
from ext_authz.identity import Identity
from ext_authz.verdict import Allow
from mcp_wire import LineWriter

from bench.whole import Traces, read
from tests.support.authz import decision, http_request

METRICS = 'ext_authz_decisions_total{reason="allowed",resource="calculator"} 3.0\n'


def _log(tool: str | None, level: str = "INFO") -> str:
    stream = io.StringIO()
    allowed = Allow(Identity("user-1", "user@example.org", frozenset()), tool)
    log = DecisionLog(json_logger(stream, level), LineWriter(stream).write)
    log.decided([decision(http_request(resource="calculator"), allowed)])
    return stream.getvalue()


def test_a_decision_about_the_tool_is_a_trace() -> None:
    assert read(METRICS, _log("add")) == Traces(counted=3, logged=1)


@pytest.mark.parametrize(("tool", "level"), [(None, "INFO"), ("add", "WARNING")])
def test_an_unread_body_and_a_quiet_log_leave_none(tool: str | None, level: str) -> None:
    assert read("", _log(tool, level)) == Traces(counted=0, logged=0)
