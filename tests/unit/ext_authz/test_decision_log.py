"""The log: one JSON line each, whatever a client put in."""

import io
import json
import re

import pytest
from ext_authz.decision_log import DecisionLog, json_logger
from ext_authz.identity import Identity
from ext_authz.verdict import Allow, Deny, Reason
from hypothesis import given
from hypothesis import strategies as st
from mcp_wire import LineWriter, LogStream

from tests.support.authz import decision, http_request

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"
ALLOW = Allow(Identity("user-1", "user@example.org", frozenset()), "add")


def decision_log(stream: io.StringIO, level: str = "INFO") -> DecisionLog:
    return DecisionLog(json_logger(stream, level), LineWriter(LogStream(stream)).write)


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.covers("S19")
@given(st.text(), st.text(), st.text())
def test_a_line_is_one_ascii_line_whatever_path_tool_and_request_id_hold(path: str, tool: str, request_id: str) -> None:
    stream = io.StringIO()
    request = http_request(path=path, request_id=request_id)
    decision_log(stream).decided([decision(request, Deny(Reason.TOOL_UNLISTED, tool=tool))])
    text = stream.getvalue()
    assert text.isascii()
    assert text.count("\n") == 1
    assert text.endswith("\n")
    assert lines(stream)[0]["tool"] == tool[:256]


@pytest.mark.covers("S9", "S19")
def test_what_a_client_chose_is_cut_to_a_bounded_length() -> None:
    stream = io.StringIO()
    request = http_request(method="M" * 9999, path="/" * 9999, request_id="r" * 9999)
    deny = Deny(Reason.TOOL_UNLISTED, tool="t" * 100_000)
    decision_log(stream).decided([decision(request, deny, None)])
    assert len(stream.getvalue()) < 1500


@pytest.mark.covers("S19")
def test_neither_token_nor_e_mail_nor_body_is_logged() -> None:
    stream = io.StringIO()
    decision_log(stream).decided([decision(http_request(), ALLOW)])
    text = stream.getvalue()
    assert "eyJ" not in text
    assert "@" not in text
    assert "jsonrpc" not in text


@pytest.mark.covers("S19")
def test_a_fault_is_told_by_its_type_and_place_and_not_by_its_text() -> None:
    stream = io.StringIO()
    try:
        dict[str, int]()["a-secret-token"]
    except KeyError as error:
        decision_log(stream).failed("r-1", error)
    entry = lines(stream)[0]
    assert (entry["event"], entry["level"], entry["error"], entry["request_id"]) == (
        "fault",
        "error",
        "KeyError",
        "r-1",
    )
    assert "test_a_fault_is_told" in str(entry["where"])
    assert "secret" not in stream.getvalue()


def test_a_level_above_info_leaves_decisions_out() -> None:
    stream = io.StringIO()
    log = decision_log(stream, "WARNING")
    log.decided([decision(http_request(), ALLOW)])
    log.unavailable("r-1", "timeout")
    assert [entry["event"] for entry in lines(stream)] == ["authorization_server_unavailable"]


def test_a_decision_reads_like_every_other_line() -> None:
    stream = io.StringIO()
    log = decision_log(stream)
    log.decided([decision(http_request(), ALLOW, None, 0.0123456)])
    log.logout("ended")
    told, logout = lines(stream)
    assert told.pop("time") == "2027-01-15T08:00:00.000000Z"
    assert re.fullmatch(TIME, str(logout["time"]))
    assert told == {
        "service": logout["service"],
        "method": "POST",
        "path": "/mcp/weather",
        "resource": "weather",
        "tool": "add",
        "subject": None,
        "verdict": "allow",
        "reason": "allowed",
        "status": 200,
        "request_id": "request-1",
        "ms": 12.346,
        "event": "decision",
        "level": logout["level"],
    }


@pytest.mark.covers("F18")
def test_a_log_that_cannot_be_written_fails_no_decision() -> None:
    class FullDisk(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

    log = decision_log(FullDisk())
    log.decided([decision(http_request(), ALLOW)])
    log.failed("request-1", RuntimeError())
