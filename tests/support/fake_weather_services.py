"""A stand-in for Open-Meteo's two services and the US National Weather Service, on loopback.

It answers what they document for any question, and can be told to misbehave.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from aiohttp import web

from tests.support import weather_answers as answers
from tests.support.behaviours import Behaviour, serving


async def documented_places(request: web.Request) -> web.StreamResponse:
    known = {"Paris": [answers.PARIS, answers.PARIS_TEXAS], "Paris, Texas": [answers.PARIS_TEXAS]}
    return web.json_response(answers.search(*known.get(request.query["name"], [])))


async def documented_forecast(request: web.Request) -> web.StreamResponse:
    query = request.query
    first, last = (date.fromisoformat(query[name]) for name in ("start_date", "end_date"))
    if abs((first - datetime.now(UTC).date()).days) > 90:
        return web.json_response(answers.OUT_OF_RANGE, status=400)
    if query.get("hourly") == "uv_index":
        return web.json_response(answers.uv(query["start_date"]))
    return web.json_response(answers.weather(query["start_date"], (last - first).days + 1))


async def documented_alerts(request: web.Request) -> web.StreamResponse:
    latitude, longitude = (float(part) for part in request.query["point"].split(","))
    if not (24 < latitude < 50 and -125 < longitude < -66):
        return web.json_response(answers.OUT_OF_BOUNDS, status=400, content_type="application/problem+json")
    return web.json_response(answers.alerts(answers.alert()), content_type="application/geo+json")


@dataclass
class FakeWeatherServices:
    """``url`` takes all three, each under its own path. ``asked`` are the paths with their queries."""

    url: str = ""
    places: Behaviour = documented_places
    forecast: Behaviour = documented_forecast
    alerts: Behaviour = documented_alerts
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """The settings that lead the weather server here."""
        return {
            "WEATHER_PROVIDER": "open-meteo",
            "OPEN_METEO_URL": f"{self.url}/meteo/",
            "OPEN_METEO_GEOCODING_URL": f"{self.url}/places",
            "NWS_URL": f"{self.url}/nws",
        }

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.path, dict(request.query)))
        self.headers.append(dict(request.headers))
        behaviours: dict[str, Behaviour] = {
            "/places/v1/search": self.places,
            "/meteo/v1/forecast": self.forecast,
            "/nws/alerts/active": self.alerts,
        }
        return await behaviours[request.path](request)


@asynccontextmanager
async def running_weather_services() -> AsyncIterator[FakeWeatherServices]:
    """On a free port of the loopback interface."""
    fake = FakeWeatherServices()
    async with serving(fake.handle) as fake.url:
        yield fake
