"""The weather tools with the offline provider at a fixed time."""

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from mcp_serving import ToolFailure
from mcp_serving.signature import BadArguments
from mcp_weather.cities import read_cities
from mcp_weather.offline import OfflineProvider
from mcp_weather.toolbox import weather_toolbox

NOW = datetime(2026, 7, 30, 23, 59, tzinfo=UTC)
TOOLBOX = weather_toolbox(OfflineProvider(read_cities()), clock=lambda: NOW)


async def call(name: str, **arguments: Any) -> Any:
    tool = TOOLBOX.find(name)
    assert tool is not None
    return await tool.call(arguments)


@pytest.mark.covers("W2")
async def test_a_forecast_starts_today_and_has_as_many_days_as_asked_for() -> None:
    forecast = await call("get_weather_forecast", location="Paris", days=3)
    assert [day["date"] for day in forecast["days"]] == ["2026-07-30", "2026-07-31", "2026-08-01"]
    assert forecast["place"] == {"name": "Paris", "country": "France", "latitude": 48.86, "longitude": 2.35}


@pytest.mark.covers("W2")
async def test_a_forecast_says_that_it_is_climate_normals_and_no_forecast() -> None:
    forecast = await call("get_weather_forecast", location="Paris")
    assert forecast["source"] == "offline climate normals"
    assert "no forecast" in forecast["note"]


async def test_normals_move_smoothly_between_the_middles_of_months() -> None:
    days = (await call("get_weather_forecast", location="Moscow", days=16))["days"]
    steps = [abs(b["high_c"] - a["high_c"]) for a, b in pairwise(days)]
    assert max(steps) <= 0.3
    assert all(day["low_c"] < day["high_c"] for day in days)
    assert days[0]["precipitation_mm"] == pytest.approx(84 / 31, abs=0.05)


async def test_the_same_question_has_the_same_answer() -> None:
    assert await call("get_weather_forecast", location="oslo") == await call("get_weather_forecast", location="Oslo")


@pytest.mark.covers("W2")
@pytest.mark.parametrize("where", [{"location": "Bavaria"}, {"latitude": 48.1, "longitude": 11.6}])
async def test_alerts_are_not_known_rather_than_none(where: dict[str, Any]) -> None:
    alerts = await call("get_weather_alerts", **where)
    assert (alerts["known"], alerts["alerts"]) == (False, None)
    assert "cannot tell whether any are in force" in alerts["note"]


@pytest.mark.covers("W2")
async def test_the_uv_index_is_the_days_peak_and_that_of_the_hour() -> None:
    index = await call("get_uv_index", location="Madrid", date="2026-06-21", hour=18)
    assert index["peak_uv_index"] == pytest.approx(11.3, abs=0.3)
    assert (index["peak_time_utc"], index["peak_category"]) == ("12:16", "extreme")
    assert 0 < index["uv_index"] < index["peak_uv_index"]
    assert "clear" in index["source"]


async def test_the_uv_index_is_todays_where_no_day_is_given() -> None:
    index = await call("get_uv_index", latitude=-90, longitude=0, hour=12)
    assert (index["date"], index["uv_index"], index["peak_uv_index"]) == ("2026-07-30", 0.0, 0.0)
    assert index["place"]["name"] is None


@pytest.mark.parametrize("name", ["get_weather_forecast", "get_weather_alerts", "get_uv_index"])
@pytest.mark.parametrize(
    "where",
    [
        {},
        {"latitude": 1},
        {"longitude": 1},
        {"location": "Paris", "latitude": 1},
        {"location": "Paris", "latitude": 1, "longitude": 1},
        {"location": None},
    ],
)
async def test_a_place_is_given_in_exactly_one_way(name: str, where: dict[str, Any]) -> None:
    with pytest.raises(ToolFailure, match="Give either location"):
        await call(name, **where)


@pytest.mark.covers("M7")
@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("get_weather_forecast", {"location": ""}, '"location"'),
        ("get_weather_forecast", {"location": "x" * 101}, '"location"'),
        ("get_weather_forecast", {"location": 5}, '"location"'),
        ("get_weather_forecast", {"location": "Paris", "days": 0}, '"days"'),
        ("get_weather_forecast", {"location": "Paris", "days": 17}, '"days"'),
        ("get_weather_forecast", {"latitude": 90.1, "longitude": 0}, '"latitude"'),
        ("get_weather_forecast", {"latitude": "1", "longitude": 0}, '"latitude"'),
        ("get_weather_forecast", {"city": "Paris"}, 'no argument "city"'),
        ("get_uv_index", {"location": "Paris", "hour": 24}, '"hour"'),
        ("get_uv_index", {"location": "Paris", "date": "tomorrow"}, "must be a date, such as"),
        ("get_uv_index", {"location": "Paris", "date": "2026-02-30"}, "must be a date, such as"),
        ("get_uv_index", {"location": "Paris", "date": 20260101}, "must be a date as text"),
    ],
)
async def test_arguments_out_of_range_are_explained(name: str, arguments: dict[str, Any], told: str) -> None:
    with pytest.raises(BadArguments) as refused:
        await call(name, **arguments)
    assert told in str(refused.value)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2028-02-29"])
async def test_any_day_of_the_calendar_has_a_uv_index(day: str) -> None:
    assert (await call("get_uv_index", location="Lima", date=day))["date"] == day
