"""The calculator's settings: those of every server, with an address of its own."""

from mcp_serving.settings import Listen, ServerSettings


class CalculatorSettings(ServerSettings):
    listen: Listen = "0.0.0.0:8001"
