"""Starts the weather server: ``python -m mcp_weather``."""

import sys
from datetime import UTC, datetime

from mcp_serving import make_app, read_settings, serve

from mcp_weather.cache import TtlCache
from mcp_weather.cities import read_cities
from mcp_weather.forecasts import Forecasts
from mcp_weather.live import LiveProvider
from mcp_weather.offline import OfflineProvider
from mcp_weather.outside import OutsideClient
from mcp_weather.places import Places
from mcp_weather.provider import WeatherProvider
from mcp_weather.service import Service
from mcp_weather.settings import WeatherSettings
from mcp_weather.toolbox import INFO, weather_toolbox
from mcp_weather.us_alerts import UsAlerts

CACHE_SIZE = 1000
"""Answers, of some kilobytes each."""

ALERTS_KEPT_SECONDS = 60.0
"""At most: a new alert should not wait for an old answer to grow old."""


def main() -> int:
    settings = read_settings(WeatherSettings)
    client = _client(settings)
    provider = _provider(settings, client)
    app = make_app(weather_toolbox(provider, clock=lambda: datetime.now(UTC)), settings)
    if provider.reaches_out:
        app.cleanup_ctx.append(client.for_app)
    return serve(app, settings)


def _client(settings: WeatherSettings) -> OutsideClient:
    # The National Weather Service asks every client to say what it is and, if it will, whose.
    contact = f" ({settings.weather_contact})" if settings.weather_contact else ""
    return OutsideClient(
        user_agent=f"{INFO.name}/{INFO.version}{contact}",
        timeout_seconds=settings.weather_timeout_seconds,
        cache=TtlCache(CACHE_SIZE),
    )


def _provider(settings: WeatherSettings, client: OutsideClient) -> WeatherProvider:
    if settings.weather_provider == "offline":
        return OfflineProvider(read_cities())
    kept = settings.weather_cache_seconds
    return LiveProvider(
        Places(client, Service("Open-Meteo's place search", settings.open_meteo_geocoding_url, kept)),
        Forecasts(client, Service("Open-Meteo", settings.open_meteo_url, kept)),
        UsAlerts(client, Service("The US National Weather Service", settings.nws_url, min(kept, ALERTS_KEPT_SECONDS))),
    )


if __name__ == "__main__":
    sys.exit(main())
