"""Starts the weather server: ``python -m mcp_weather``."""

import sys
from datetime import UTC, datetime

from mcp_serving import make_app, read_settings, serve

from mcp_weather.cities import read_cities
from mcp_weather.offline import OfflineProvider
from mcp_weather.settings import WeatherSettings
from mcp_weather.toolbox import weather_toolbox


def main() -> int:
    settings = read_settings(WeatherSettings)
    provider = OfflineProvider(read_cities())  # the one that WEATHER_PROVIDER can name so far
    toolbox = weather_toolbox(provider, clock=lambda: datetime.now(UTC))
    return serve(make_app(toolbox, settings), settings)


if __name__ == "__main__":
    sys.exit(main())
