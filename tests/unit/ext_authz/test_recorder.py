"""Decisions are told together, a moment later: none is lost, none waits long, and the order of things stays."""

import io
import json

from ext_authz.decision_log import DecisionLog, json_logger
from ext_authz.identity import Identity
from ext_authz.line_writer import LineWriter
from ext_authz.metrics import Metrics
from ext_authz.recorder import TOGETHER, DecisionRecorder
from ext_authz.verdict import Allow

from tests.support.authz import FakeLater, http_request

ALLOW = Allow(Identity("user-1", None, frozenset()), "add")


class Recording:
    """A recorder, and what it has written so far."""

    def __init__(self) -> None:
        self.stream, self.later = io.StringIO(), FakeLater()
        log = DecisionLog(json_logger(self.stream, "INFO"), LineWriter(self.stream).write)
        self.recorder = DecisionRecorder(log, Metrics(), self.later)

    def decide(self, request_id: str = "r") -> None:
        self.recorder.decided(http_request(request_id=request_id), "weather", ALLOW, "user-1", 0.001)

    def told(self) -> list[str]:
        lines = map(json.loads, self.stream.getvalue().splitlines())
        return [line.get("request_id", line["event"]) for line in lines]


def test_a_decision_is_told_a_moment_later_and_once() -> None:
    recording = Recording()
    recording.decide("first")
    recording.decide("second")
    assert (recording.told(), len(recording.later.calls)) == ([], 1)
    recording.later.calls.pop()()
    assert recording.told() == ["first", "second"]
    recording.decide("third")
    recording.later.calls.pop()()
    assert recording.told() == ["first", "second", "third"]


def test_many_decisions_do_not_wait_for_their_moment() -> None:
    recording = Recording()
    for _ in range(TOGETHER):
        recording.decide()
    assert len(recording.told()) == TOGETHER
    recording.later.calls.pop()()  # due all the same, and then there is nothing
    assert len(recording.told()) == TOGETHER


def test_what_else_happens_is_told_after_the_decisions_before_it() -> None:
    recording = Recording()
    recording.decide("before")
    recording.recorder.logout("ended", 1)
    recording.decide("after")
    recording.recorder.failed("fault", RuntimeError())
    assert recording.told() == ["before", "logout", "after", "fault"]


def test_the_metrics_count_up_to_the_last_decision() -> None:
    recording = Recording()
    recording.decide()
    assert b'ext_authz_decisions_total{reason="allowed",resource="weather"} 1.0' in recording.recorder.exposition()


def test_the_log_keeps_what_it_has_written_of_a_request_apart_by_each_of_its_parts() -> None:
    recording = Recording()
    for changes in ({}, {"method": "GET"}, {"path": "/other"}):
        recording.recorder.decided(http_request(**changes), "weather", ALLOW, "user-1", 0.001)
    recording.recorder.decided(http_request(), "calculator", ALLOW, "user-1", 0.001)
    recording.recorder.decided(http_request(), "weather", Allow(ALLOW.identity, None), None, 0.001)
    recording.recorder.tell()
    told = [json.loads(line) for line in recording.stream.getvalue().splitlines()]
    assert [(line["method"], line["path"], line["resource"], line["tool"], line["subject"]) for line in told] == [
        ("POST", "/mcp/weather", "weather", "add", "user-1"),
        ("GET", "/mcp/weather", "weather", "add", "user-1"),
        ("POST", "/other", "weather", "add", "user-1"),
        ("POST", "/mcp/weather", "calculator", "add", "user-1"),
        ("POST", "/mcp/weather", "weather", None, None),
    ]
