"""Weather without a network: climate normals and the sun's geometry. It is honest about being no forecast."""

from calendar import monthrange
from datetime import date, timedelta

from mcp_weather.cities import Cities, City, Month
from mcp_weather.models import Alerts, DayOfWeather, Forecast, Place, UvIndex
from mcp_weather.provider import Coordinates, Where
from mcp_weather.sun import clear_sky_uv_index, cos_zenith, solar_noon_minutes, sun_of, uv_category

NORMALS = "offline climate normals"
CLEAR_SKY = "offline clear-sky formula (Madronich 2007)"
NO_ALERTS = "offline: no alert service"


class OfflineProvider:
    """Answers from what is in this package; the same question always has the same answer."""

    reaches_out = False

    def __init__(self, cities: Cities) -> None:
        self._cities = cities

    async def forecast(self, where: Where, first: date, days: int) -> Forecast:
        city = self._cities.find(where)
        return Forecast(
            source=NORMALS,
            note="Long-term averages for these dates. This is no forecast and says nothing about the actual weather.",
            place=_place(city),
            days=[_normal_day(city, first + timedelta(days=number)) for number in range(days)],
        )

    async def alerts(self, where: Where) -> Alerts:
        return Alerts(
            source=NO_ALERTS,
            note="This server has no access to weather alerts and cannot tell whether any are in force. "
            "Ask the national weather service.",
            area=where if isinstance(where, str) else f"{where.latitude}, {where.longitude}",
            known=False,
            alerts=None,
        )

    async def uv_index(self, where: Where, day: date, hour: int | None) -> UvIndex:
        place = self._place_of(where)
        at = Coordinates(place.latitude, place.longitude)
        sun = sun_of(day)
        noon = solar_noon_minutes(sun, at)
        peak = _index(cos_zenith(sun, at, noon))
        return UvIndex(
            source=CLEAR_SKY,
            note="Computed for a clear sky at sea level, 300 DU of ozone. Clouds lower it, snow and altitude raise it: "
            "this is no measurement.",
            place=place,
            date=day,
            peak_uv_index=peak,
            peak_time_utc=f"{int(noon) // 60:02}:{int(noon) % 60:02}",
            peak_category=uv_category(peak),
            hour_utc=hour,
            uv_index=None if hour is None else _index(cos_zenith(sun, at, hour * 60)),
        )

    def _place_of(self, where: Where) -> Place:
        if isinstance(where, str):
            return _place(self._cities.find(where))
        # Coordinates are enough to know the sun's way; no city needs to be near.
        return Place(name=None, country=None, latitude=where.latitude, longitude=where.longitude)


def _place(city: City) -> Place:
    return Place(name=city.names[0], country=city.country, latitude=city.at.latitude, longitude=city.at.longitude)


def _index(cos_of_zenith: float) -> float:
    return round(clear_sky_uv_index(cos_of_zenith), 1)


def _normal_day(city: City, day: date) -> DayOfWeather:
    """The normals of a day: temperatures by line from mid-month to mid-month, the month's rain in equal parts."""
    length = monthrange(day.year, day.month)[1]
    from_middle = (day.day - (length + 1) / 2) / length  # -0.5 at the month's start, 0.5 at its end
    this = city.months[day.month - 1]
    neighbour = city.months[(day.month - 1 + (1 if from_middle > 0 else -1)) % 12]
    return DayOfWeather(
        date=day,
        high_c=_between(this.high_c, neighbour.high_c, abs(from_middle)),
        low_c=_between(this.low_c, neighbour.low_c, abs(from_middle)),
        precipitation_mm=_daily_rain(this, length),
    )


def _between(here: float, there: float, part: float) -> float:
    return round(here + (there - here) * part, 1)


def _daily_rain(month: Month, length: int) -> float:
    return round(month.precipitation_mm / length, 1)
