"""What a tool reports, and what of it is kept to be sent."""

import math
from decimal import Decimal
from typing import Any

import pytest
from mcp_serving import Progress, Tool
from mcp_serving.progress import Updates, progress_token

from tests.support.json_schema import check_schema
from tests.support.serving_sample import Greeting, count


def noted(updates: Updates) -> Any:
    note = updates.take()
    assert note is not None
    assert (note["jsonrpc"], note["method"]) == ("2.0", "notifications/progress")
    return note["params"]


def test_a_report_becomes_a_notification_under_the_clients_token() -> None:
    updates = Updates("abc")
    updates.progress.report(0.5, total=2, message="half way to one")
    params = {"progressToken": "abc", "progress": 0.5, "total": 2, "message": "half way to one"}
    assert noted(updates) == params
    assert updates.take() is None


def test_what_is_not_known_is_not_told() -> None:
    updates = Updates(7)
    updates.progress.report(Decimal(3))  # type: ignore[arg-type]  # tools that count in decimals may
    assert noted(updates) == {"progressToken": 7, "progress": 3}


def test_of_reports_in_quick_succession_the_last_is_kept() -> None:
    updates = Updates(1)
    for number in range(100_000):
        updates.progress.report(number)
    assert noted(updates)["progress"] == 99_999


@pytest.mark.parametrize("done", [1, 0.5, -1, math.nan, math.inf])
def test_a_report_that_does_not_increase_is_dropped(done: float) -> None:
    updates = Updates(1)
    updates.progress.report(1)
    updates.take()
    updates.progress.report(done)
    assert updates.take() is None


async def test_where_nobody_asked_the_tool_runs_all_the_same() -> None:
    updates = Updates(None)
    assert (await count(2, updates.progress)).text == "counted to 2"
    assert updates.take() is None
    assert await Tool.of(count, title="Count").call({"to": 2}) == {"text": "counted to 2"}


@pytest.mark.parametrize("token", ["", "a", 0, -1, 2**70])
def test_a_token_is_text_or_an_integer(token: Any) -> None:
    assert progress_token({"_meta": {"progressToken": token}}) == token


NO_TOKENS: list[Any] = [None, True, 1.5, []]


@pytest.mark.parametrize(
    "params", [{}, {"_meta": None}, {"_meta": []}, {"_meta": {}}, *({"_meta": {"progressToken": x}} for x in NO_TOKENS)]
)
def test_anything_else_asks_for_no_progress(params: Any) -> None:
    assert progress_token(params) is None


def test_a_progress_parameter_is_no_argument() -> None:
    tool = Tool.of(count, title="Count")
    check_schema(tool.input_schema)
    assert list(tool.input_schema["properties"]) == ["to", "pause"]
    assert tool.progress == ("progress",)


def test_an_optional_progress_parameter_is_refused_when_the_tool_is_made() -> None:
    def maybe(progress: Progress | None = None) -> Greeting:
        raise NotImplementedError

    with pytest.raises(TypeError, match="parameter progress is Progress and nothing else"):
        Tool.of(maybe, title="Maybe")
