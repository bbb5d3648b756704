"""The seam between the tools and whoever knows the weather."""

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from mcp_weather.models import Alerts, Forecast, UvIndex


@dataclass(frozen=True, slots=True)
class Coordinates:
    """Degrees; north and east are positive."""

    latitude: float
    longitude: float


Where = str | Coordinates
"""A place as the caller named it: in words, or by its coordinates."""


class WeatherProvider(Protocol):
    """Each method raises ``ToolFailure`` where it cannot answer, saying what to ask instead."""

    @property
    def reaches_out(self) -> bool:
        """Whether it asks services outside, so that the same question may have another answer the next time."""
        ...

    async def forecast(self, where: Where, first: date, days: int) -> Forecast: ...

    async def alerts(self, where: Where) -> Alerts: ...

    async def uv_index(self, where: Where, day: date, hour: int | None) -> UvIndex: ...
