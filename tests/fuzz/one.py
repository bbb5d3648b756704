"""Fuzzes one target until libFuzzer's options end it: ``python -m tests.fuzz.one TARGET [FOLDER …] [-option=value …]``.

Atheris needs the modules to be instrumented when they are imported, so nothing of ours is imported before.
"""

import logging
import sys

import atheris
import structlog


def main() -> None:
    with atheris.instrument_imports(include=["ext_authz", "mcp_wire", "mcp_serving", "mcp_calculator"]):
        from tests.fuzz.targets import TARGETS
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))  # a line per request
    name, *options = sys.argv[1:]
    atheris.Setup([sys.argv[0], *options], TARGETS[name].run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
