"""The weather tools, with the scopes that each needs. The gateway's policy.yaml says the same; a test compares."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any

from mcp_serving import Hints, ServerInfo, Tool, Toolbox, ToolFailure
from pydantic import BeforeValidator, Field, WithJsonSchema

from mcp_weather.models import Alerts, Forecast, UvIndex
from mcp_weather.provider import Coordinates, WeatherProvider, Where

INFO = ServerInfo(
    name="mcp-weather",
    title="Weather",
    version="0.1.0",
    instructions="Weather by city or coordinates. Each answer has a source and a note: tell the user what they say.",
)
SCOPE = "mcp:weather"
ALERTS = "mcp:weather:alerts"

Clock = Callable[[], datetime]
"""The time now, aware and in UTC."""


def _iso_date(value: Any) -> Any:
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError("must be a date as text, such as 2026-07-28")  # noqa: TRY004 - pydantic reports a ValueError
    try:
        return datetime.strptime(value, "%Y-%m-%d").date()  # noqa: DTZ007 - a date has no time zone
    except ValueError as error:
        raise ValueError("must be a date, such as 2026-07-28") from error


Location = Annotated[
    str | None,
    Field(min_length=1, max_length=100, description='A city, such as "Paris" or "Paris, France". Or give coordinates.'),
]
Latitude = Annotated[float | None, Field(ge=-90, le=90, description="Degrees, north positive; with longitude.")]
Longitude = Annotated[float | None, Field(ge=-180, le=180, description="Degrees, east positive; with latitude.")]
Days = Annotated[int, Field(ge=1, le=16, description="How many days, today first.")]
Date = Annotated[
    date | None,
    BeforeValidator(_iso_date),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]}),
    Field(description="A day in UTC, such as 2026-07-28. Today if absent."),
]
Hour = Annotated[
    int | None, Field(ge=0, le=23, description="An hour of that day, in UTC. Absent: the day's peak alone.")
]


def weather_toolbox(provider: WeatherProvider, clock: Clock) -> Toolbox:
    """The tools, answered by ``provider``; "today" is what ``clock`` says."""

    async def get_weather_forecast(
        location: Location = None, latitude: Latitude = None, longitude: Longitude = None, days: Days = 3
    ) -> Forecast:
        """Daily high, low and precipitation for a place, from today on. The answer says if it is a real forecast."""
        return await provider.forecast(_where(location, latitude, longitude), clock().date(), days)

    async def get_weather_alerts(
        location: Location = None, latitude: Latitude = None, longitude: Longitude = None
    ) -> Alerts:
        """Weather alerts in force at a place. The answer says whether its source can know of any there."""
        return await provider.alerts(_where(location, latitude, longitude))

    async def get_uv_index(
        location: Location = None,
        latitude: Latitude = None,
        longitude: Longitude = None,
        date: Date = None,
        hour: Hour = None,
    ) -> UvIndex:
        """The ultraviolet index for a place on a day: the peak with its time, and the value at a given hour."""
        return await provider.uv_index(_where(location, latitude, longitude), date or clock().date(), hour)

    hints = Hints(open_world=provider.reaches_out)
    return Toolbox(
        INFO,
        scopes=[SCOPE],
        tools=[
            Tool.of(get_weather_forecast, title="Weather forecast", hints=hints),
            Tool.of(get_weather_alerts, title="Weather alerts", scopes=[ALERTS], hints=hints),
            Tool.of(get_uv_index, title="UV index", hints=hints),
        ],
    )


def _where(location: str | None, latitude: float | None, longitude: float | None) -> Where:
    """
    Raises:
        ToolFailure: not exactly one of a location and a pair of coordinates.
    """
    if location is not None and latitude is None and longitude is None:
        return location
    if location is None and latitude is not None and longitude is not None:
        return Coordinates(latitude, longitude)
    raise ToolFailure("Give either location, or latitude and longitude together.")
