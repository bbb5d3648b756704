"""The access log: a JSON line for each request, whatever a client put in."""

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp_serving.access_log import AccessLog, Answered

DONE = Answered("r-1", "POST", "/", 200, 0.01234, "user-1", 1_800_000_000_000_000_000)


async def written(done: Answered, level: str = "INFO") -> str:
    stream = io.StringIO()
    log = AccessLog(level, stream)
    log.answered(done)
    log.tell()
    return stream.getvalue()


async def test_a_line_says_what_was_asked_of_whom_and_how_it_ended() -> None:
    assert json.loads(await written(DONE)) == {
        "method": "POST",
        "path": "/",
        "status": 200,
        "ms": 12.3,
        "subject": "user-1",
        "event": "request",
        "request_id": "r-1",
        "level": "info",
        "timestamp": "2027-01-15T08:00:00.000000Z",
    }


@pytest.mark.covers("S19")
@given(st.text(), st.text(), st.none() | st.text())
async def test_a_line_is_one_ascii_line_whatever_method_path_and_subject_hold(
    method: str, path: str, subject: str | None
) -> None:
    text = await written(DONE._replace(method=method, path=path, subject=subject))
    line: dict[str, Any] = json.loads(text)
    assert (line["method"], line["path"], line["subject"]) == (method, path, subject)
    assert text.isascii()
    assert text.endswith("\n")
    assert text.count("\n") == 1


@pytest.mark.parametrize(
    ("level", "path", "told"),
    [
        ("DEBUG", "/", "info"),
        ("DEBUG", "/health", "debug"),
        ("INFO", "/", "info"),
        ("INFO", "/health", None),
        ("WARNING", "/", None),
        ("ERROR", "/", None),
    ],
)
async def test_the_level_says_what_is_written(level: str, path: str, told: str | None) -> None:
    text = await written(DONE._replace(path=path), level)
    assert (json.loads(text)["level"] if text else None) == told
