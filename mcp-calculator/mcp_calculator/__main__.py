"""Starts the calculator: ``python -m mcp_calculator``."""

import sys

from mcp_serving import make_app, read_settings, serve

from mcp_calculator.settings import CalculatorSettings
from mcp_calculator.toolbox import calculator_toolbox


def main() -> int:
    settings = read_settings(CalculatorSettings)
    return serve(make_app(calculator_toolbox(), settings), settings)


if __name__ == "__main__":
    sys.exit(main())
