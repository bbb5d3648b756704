"""Forecasts for a point, from Open-Meteo's forecast API (``/v1/forecast``; open-meteo.com/en/docs). Days are in UTC."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal, Self, TypeVar

from mcp_serving import ToolFailure
from pydantic import Field, model_validator

from mcp_weather.provider import Coordinates
from mcp_weather.service import Fetch, Reason, Refusal, Service, ServiceFailure, Wire

HOURS = 24
PLACES_OF_DEGREES = 2
"""About a kilometre, as fine as the finest weather model; more would only tell where somebody is."""

Item = TypeVar("Item")
Series = Annotated[list[Item], Field(max_length=HOURS * 16)]
Numbers = Series[float | None]
"""A number is null where no weather model knows it."""


@dataclass(frozen=True, slots=True)
class UvDay:
    """``peak`` is the day's highest index; ``hours`` are the indices from 00:00 to 23:00 UTC."""

    peak: float
    hours: tuple[float, ...]


class _Daily(Wire):
    time: Series[date]
    temperature_2m_max: Numbers
    temperature_2m_min: Numbers
    precipitation_sum: Numbers

    @model_validator(mode="after")
    def _all_of_one_length(self) -> Self:
        series = (self.temperature_2m_max, self.temperature_2m_min, self.precipitation_sum)
        if any(len(numbers) != len(self.time) for numbers in series):
            raise ValueError("the series are of different lengths")
        return self


class _DailyUnits(Wire):
    temperature_2m_max: Literal["°C"]
    temperature_2m_min: Literal["°C"]
    precipitation_sum: Literal["mm"]


class _Weather(Wire):
    utc_offset_seconds: Literal[0]
    daily_units: _DailyUnits
    daily: _Daily


class _UvDaily(Wire):
    time: Series[date]
    uv_index_max: Annotated[Numbers, Field(min_length=1, max_length=1)]


class _UvHourly(Wire):
    time: Series[datetime]
    uv_index: Annotated[Numbers, Field(min_length=HOURS, max_length=HOURS)]


class _Uv(Wire):
    utc_offset_seconds: Literal[0]
    daily: _UvDaily
    hourly: _UvHourly


Asked = TypeVar("Asked", _Weather, _Uv)


@dataclass(frozen=True, slots=True)
class WeatherDay:
    """Degrees Celsius and millimetres."""

    day: date
    high_c: float
    low_c: float
    precipitation_mm: float


class Forecasts:
    """Forecasts of weather and of the UV index."""

    def __init__(self, fetch: Fetch, service: Service) -> None:
        self._fetch = fetch
        self._service = service

    async def weather(self, at: Coordinates, first: date, days: int) -> list[WeatherDay]:
        """The days from ``first`` on that are known whole, at most ``days``.

        Raises:
            ToolFailure: none of them is known, or the service does not answer.
        """
        asked = [first + timedelta(days=number) for number in range(days)]
        variables = {"daily": "temperature_2m_max,temperature_2m_min,precipitation_sum"}
        daily = (await self._ask(at, asked, variables, _Weather)).daily
        known: list[WeatherDay] = []
        rows = zip(daily.time, daily.temperature_2m_max, daily.temperature_2m_min, daily.precipitation_sum, strict=True)
        for day, high, low, rain in rows:
            if high is None or low is None or rain is None:
                break
            known.append(WeatherDay(day, high, low, rain))
        if not known:
            raise ToolFailure(f"{self._service.name} has no forecast for this place. Try a town nearby.")
        return known

    async def uv(self, at: Coordinates, day: date) -> UvDay:
        """
        Raises:
            ToolFailure: the index is not known for that day, or the service does not answer.
        """
        answer = await self._ask(at, [day], {"daily": "uv_index_max", "hourly": "uv_index"}, _Uv)
        if answer.hourly.time != [datetime.combine(day, time(hour)) for hour in range(HOURS)]:
            raise ServiceFailure(self._service, Reason.UNREADABLE)
        hours = tuple(index for index in answer.hourly.uv_index if index is not None)
        peak = answer.daily.uv_index_max[0]
        if peak is None or len(hours) != HOURS:
            raise ToolFailure(
                f"{self._service.name} has no UV index for {day} at this place. Ask for today or one of the next days."
            )
        return UvDay(peak, hours)

    async def _ask(self, at: Coordinates, days: list[date], variables: Mapping[str, str], answer: type[Asked]) -> Asked:
        params = {
            "latitude": _degrees(at.latitude),
            "longitude": _degrees(at.longitude),
            **variables,
            "timezone": "GMT",
            "start_date": days[0].isoformat(),
            "end_date": days[-1].isoformat(),
        }
        try:
            read = await self._fetch.get(self._service, "/v1/forecast", params, answer)
        except Refusal as refusal:
            raise _explained(refusal, days) from refusal
        if read.daily.time != days:
            raise ServiceFailure(self._service, Reason.UNREADABLE)
        return read


def _degrees(value: float) -> str:
    return f"{round(value, PLACES_OF_DEGREES) + 0.0:.{PLACES_OF_DEGREES}f}"  # adding 0.0 makes 0.0 of -0.0


_RANGE = re.compile(rb"_date' is out of allowed range from (\d{4}-\d\d-\d\d) to (\d{4}-\d\d-\d\d)", re.ASCII)


def _explained(refusal: Refusal, days: list[date]) -> ToolFailure:
    """A 400 says why in "reason"; only its dates are passed on, never text of the service's making."""
    known = _RANGE.search(refusal.body)
    if not known:
        return ServiceFailure(refusal.service, Reason.REFUSED, status=refusal.status)
    first, last = (day.decode() for day in known.groups())
    asked = str(days[0]) if len(days) == 1 else f"{days[0]} to {days[-1]}"
    return ToolFailure(f"{refusal.service.name} has nothing for {asked}. It has {first} to {last}: ask within that.")
