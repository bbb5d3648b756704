"""Decisions are told together, a moment later: none is lost, none waits long, and the order of things stays."""

import io
import json

from ext_authz.decision_log import DecisionLog, json_logger
from ext_authz.identity import Identity
from ext_authz.metrics import Metrics
from ext_authz.recorder import DecisionRecorder
from ext_authz.verdict import Allow
from mcp_wire import LineWriter

from tests.support.authz import http_request, until

ALLOW = Allow(Identity("user-1", None, frozenset()), "add")


class Recording:
    """A recorder, and what it has written so far."""

    def __init__(self) -> None:
        self.stream = io.StringIO()
        log = DecisionLog(json_logger(self.stream, "INFO"), LineWriter(self.stream).write)
        self.recorder = DecisionRecorder(log, Metrics())

    def decide(self, request_id: str = "r") -> None:
        self.recorder.decided(http_request(request_id=request_id), "weather", ALLOW, "user-1", 0.001)

    def told(self) -> list[str]:
        lines = map(json.loads, self.stream.getvalue().splitlines())
        return [line.get("request_id", line["event"]) for line in lines]


async def test_a_decision_is_told_by_itself_and_once() -> None:
    recording = Recording()
    recording.decide("first")
    recording.decide("second")
    assert recording.told() == []
    await until(lambda: recording.told() == ["first", "second"])
    recording.recorder.tell()
    assert recording.told() == ["first", "second"]


async def test_what_else_happens_is_told_after_the_decisions_before_it() -> None:
    recording = Recording()
    recording.decide("before")
    recording.recorder.logout("ended", 1)
    recording.decide("after")
    recording.recorder.failed("fault", RuntimeError())
    await until(lambda: recording.told() == ["before", "logout", "after", "fault"])


async def test_the_metrics_count_up_to_the_last_decision() -> None:
    recording = Recording()
    recording.decide()
    assert b'ext_authz_decisions_total{reason="allowed",resource="weather"} 1.0' in recording.recorder.exposition()


async def test_the_log_keeps_what_it_has_written_of_a_request_apart_by_each_of_its_parts() -> None:
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
