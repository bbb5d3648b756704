"""The two servers, with calls that show what each does, for every client that goes the whole way to them."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.mcp import CALCULATOR, WEATHER

Call = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Server:
    """One MCP server: a call that succeeds, a part of its result, a call that fails, and one that needs `further`."""

    path: str
    scope: str
    good: Call
    result: str
    bad: Call
    beyond: Call
    further: str


SERVERS = [
    pytest.param(
        Server(
            WEATHER,
            "mcp:weather",
            ("get_weather_forecast", {"location": "São Paulo"}),
            '"name": "São Paulo"',
            ("get_weather_forecast", {"location": "Nowhere at all"}),
            ("get_weather_alerts", {"location": "Berlin"}),
            "mcp:weather:alerts",
        ),
        id="weather",
    ),
    pytest.param(
        Server(
            CALCULATOR,
            "mcp:calculator",
            ("add", {"a": 1, "b": 2}),
            '"result": 3',
            ("divide", {"a": 1, "b": 0}),
            ("power", {"base": 2, "exponent": 10}),
            "mcp:calculator:scientific",
        ),
        id="calculator",
    ),
]
