"""The live provider behind the tools, at a fixed time and with scripted services."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from mcp_serving import ToolFailure
from mcp_weather.forecasts import Forecasts
from mcp_weather.live import LiveProvider
from mcp_weather.places import Places
from mcp_weather.service import Refusal, Service
from mcp_weather.toolbox import weather_toolbox
from mcp_weather.us_alerts import UsAlerts

from tests.support.fake_fetch import FakeFetch
from tests.support.weather_answers import OUT_OF_BOUNDS, PARIS, PARIS_TEXAS, TEXAS, alert, alerts, search, uv, weather

NOW = datetime(2026, 11, 23, 23, 59, tzinfo=UTC)
SERVICE = Service("A service", "https://service.test", 60)


async def call(fetch: FakeFetch, name: str, **arguments: Any) -> Any:
    provider = LiveProvider(Places(fetch, SERVICE), Forecasts(fetch, SERVICE), UsAlerts(fetch, SERVICE))
    tool = weather_toolbox(provider, clock=lambda: NOW).find(name)
    assert tool is not None
    assert tool.to_wire()["annotations"]["openWorldHint"] is True
    return await tool.call(arguments)


@pytest.mark.covers("W2")
async def test_a_forecast_names_its_source_its_licence_and_the_place_that_was_found() -> None:
    answer = await call(
        FakeFetch(search(PARIS, PARIS_TEXAS), weather("2026-11-23", 3)), "get_weather_forecast", location="Paris"
    )
    assert [day["date"] for day in answer["days"]] == ["2026-11-23", "2026-11-24", "2026-11-25"]
    assert answer["place"]["name"] == "Paris, Île-de-France"
    assert answer["source"] == "Open-Meteo.com forecast (CC BY 4.0)"
    assert "https://open-meteo.com/" in answer["note"]
    assert "Other places of this name: Paris, Texas, United States." in answer["note"]


async def test_a_forecast_that_ends_early_says_so() -> None:
    fetch = FakeFetch(weather("2026-11-23", 2, precipitation_sum=[0.0, None]))
    answer = await call(fetch, "get_weather_forecast", latitude=1, longitude=2, days=2)
    assert len(answer["days"]) == 1
    assert "Only 1 of 2 days are known." in answer["note"]


async def test_coordinates_are_not_looked_up() -> None:
    fetch = FakeFetch(weather("2026-11-23", 1))
    answer = await call(fetch, "get_weather_forecast", latitude=1.23456, longitude=2, days=1)
    assert [asked["path"] for asked in fetch.asked] == ["/v1/forecast"]
    assert answer["place"] == {"name": None, "country": None, "latitude": 1.23456, "longitude": 2}


@pytest.mark.covers("W2")
async def test_the_uv_index_is_the_forecast_peak_and_that_of_the_hour() -> None:
    answer = await call(
        FakeFetch(search(PARIS), uv("2026-11-24")), "get_uv_index", location="Paris", date="2026-11-24", hour=10
    )
    assert (answer["peak_uv_index"], answer["peak_time_utc"], answer["peak_category"]) == (5.8, "12:00", "high")
    assert (answer["hour_utc"], answer["uv_index"], answer["date"]) == (10, 3.1, "2026-11-24")


@pytest.mark.covers("W2")
async def test_alerts_in_the_united_states_are_known() -> None:
    answer = await call(FakeFetch(search(PARIS_TEXAS), alerts(alert())), "get_weather_alerts", location="Paris, Texas")
    assert (answer["known"], answer["area"]) == (True, "Paris, Texas, United States")
    assert [known["event"] for known in answer["alerts"]] == ["Winter Storm Warning"]
    assert answer["source"] == "US National Weather Service"


async def test_no_alerts_in_force_are_told_as_an_empty_list() -> None:
    answer = await call(FakeFetch(alerts()), "get_weather_alerts", latitude=33.66, longitude=-95.56)
    assert (answer["known"], answer["alerts"]) == (True, [])


async def test_alerts_elsewhere_are_not_known_and_the_american_service_is_not_asked() -> None:
    fetch = FakeFetch(search(PARIS))
    answer = await call(fetch, "get_weather_alerts", location="Paris")
    assert (answer["known"], answer["alerts"], answer["area"]) == (False, None, "Paris, Île-de-France, France")
    assert "cannot tell whether any are in force" in answer["note"]
    assert len(fetch.asked) == 1


async def test_alerts_at_coordinates_elsewhere_are_not_known() -> None:
    fetch = FakeFetch(Refusal(SERVICE, 400, json.dumps(OUT_OF_BOUNDS).encode()))
    answer = await call(fetch, "get_weather_alerts", latitude=48.85, longitude=2.35)
    assert (answer["known"], answer["alerts"], answer["area"]) == (False, None, "48.85, 2.35")


async def test_a_whole_state_is_not_answered_by_one_point_of_it() -> None:
    with pytest.raises(ToolFailure, match=r"Texas, United States is an area.*Ask for a city in it"):
        await call(FakeFetch(search(TEXAS)), "get_weather_alerts", location="Texas")


async def test_more_alerts_than_a_model_can_read_are_cut_to_the_most_severe() -> None:
    features = [alert("Dense Fog Advisory", severity="Minor")] * 25 + [alert("Tornado Warning", severity="Extreme")]
    answer = await call(FakeFetch(alerts(*features)), "get_weather_alerts", latitude=33.66, longitude=-95.56)
    assert (len(answer["alerts"]), answer["alerts"][0]["event"]) == (20, "Tornado Warning")
    assert "The 20 most severe of 26" in answer["note"]
