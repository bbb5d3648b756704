"""Weather as services outside know it: Open-Meteo's forecasts, and the US National Weather Service's alerts."""

from collections.abc import Sequence
from datetime import date

from mcp_serving import ToolFailure

from mcp_weather.forecasts import Forecasts
from mcp_weather.models import Alert, Alerts, DayOfWeather, Forecast, Place, UvIndex
from mcp_weather.places import Places, Spot
from mcp_weather.provider import Where
from mcp_weather.sun import uv_category
from mcp_weather.us_alerts import COUNTRY_CODES, UsAlerts

OPEN_METEO = "Open-Meteo.com forecast (CC BY 4.0)"
NWS = "US National Weather Service"
NO_ALERTS = "no alert service for this place"
# The licence asks for credit and a link wherever the data are shown: open-meteo.com/en/license.
CREDIT = "Weather data by Open-Meteo.com (https://open-meteo.com/), CC BY 4.0."

MAX_ALERTS = 20


class LiveProvider:
    """Answers by asking; every answer says whom."""

    reaches_out = True

    def __init__(self, places: Places, forecasts: Forecasts, us_alerts: UsAlerts) -> None:
        self._places = places
        self._forecasts = forecasts
        self._us_alerts = us_alerts

    async def forecast(self, where: Where, first: date, days: int) -> Forecast:
        spot = await self._spot(where)
        known = await self._forecasts.weather(spot.at, first, days)
        notes = [f"A forecast of weather models; the later the day, the less sure. {CREDIT}", *_namesakes(spot)]
        if len(known) < days:
            notes.append(f"Only {len(known)} of {days} days are known.")
        return Forecast(
            source=OPEN_METEO,
            note=" ".join(notes),
            place=_place(spot),
            days=[
                DayOfWeather(date=day.day, high_c=day.high_c, low_c=day.low_c, precipitation_mm=day.precipitation_mm)
                for day in known
            ],
        )

    async def alerts(self, where: Where) -> Alerts:
        spot = await self._spot(where)
        if spot.country_code and spot.country_code not in COUNTRY_CODES:
            return _not_known(spot)  # the service has nothing to say there, so it is not told
        if spot.is_area:
            raise ToolFailure(
                f"{spot.label} is an area, and alerts are looked up at one point, where others may be in force than "
                "elsewhere in it. Ask for a city in it, or give latitude and longitude."
            )
        alerts = await self._us_alerts.active(spot.at)
        return _not_known(spot) if alerts is None else _known(spot, alerts)

    async def uv_index(self, where: Where, day: date, hour: int | None) -> UvIndex:
        spot = await self._spot(where)
        uv = await self._forecasts.uv(spot.at, day)
        peak = round(uv.peak, 1)
        return UvIndex(
            source=OPEN_METEO,
            note=" ".join(
                [f"A forecast with the clouds that are expected; no measurement. {CREDIT}", *_namesakes(spot)]
            ),
            place=_place(spot),
            date=day,
            peak_uv_index=peak,
            peak_time_utc=f"{uv.hours.index(max(uv.hours)):02}:00",
            peak_category=uv_category(peak),
            hour_utc=hour,
            uv_index=None if hour is None else round(uv.hours[hour], 1),
        )

    async def _spot(self, where: Where) -> Spot:
        return await self._places.find(where) if isinstance(where, str) else Spot(where)


def _place(spot: Spot) -> Place:
    return Place(name=spot.name, country=spot.country, latitude=spot.at.latitude, longitude=spot.at.longitude)


def _namesakes(spot: Spot) -> Sequence[str]:
    return [f"Other places of this name: {'; '.join(spot.others[:3])}."] if spot.others else []


def _known(spot: Spot, alerts: list[Alert]) -> Alerts:
    notes = ["In force at this point now, as its national service says.", *_namesakes(spot)]
    if len(alerts) > MAX_ALERTS:
        notes.append(f"The {MAX_ALERTS} most severe of {len(alerts)}: see https://www.weather.gov/ for all.")
    return Alerts(source=NWS, note=" ".join(notes), area=spot.label, known=True, alerts=alerts[:MAX_ALERTS])


def _not_known(spot: Spot) -> Alerts:
    return Alerts(
        source=NO_ALERTS,
        note="This server knows weather alerts of the United States only, and cannot tell whether any are in force "
        "here. Ask the national weather service.",
        area=spot.label,
        known=False,
        alerts=None,
    )
