"""Fuzzes one target until libFuzzer's options end it: ``python -m tests.fuzz.one TARGET [FOLDER …] [-option=value …]``.

Atheris needs the modules to be instrumented when they are imported, so nothing of ours is imported before.
"""

import hashlib
import logging
import sys
from pathlib import Path

import atheris
import structlog

FOUND = Path(".gateway/fuzz/found")


def main() -> None:
    with atheris.instrument_imports(include=["ext_authz", "mcp_wire", "mcp_serving", "mcp_calculator"]):
        from tests.fuzz.targets import TARGETS
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))  # a line per request
    name, *options = sys.argv[1:]
    run = TARGETS[name].run

    def keep(data: bytes) -> None:
        """Also keeps what breaks it ourselves: libFuzzer does so only as the process ends, which may go wrong."""
        try:
            run(data)
        except Exception:
            FOUND.mkdir(parents=True, exist_ok=True)
            (FOUND / f"{name}-{hashlib.sha256(data).hexdigest()[:16]}").write_bytes(data)
            raise

    atheris.Setup([sys.argv[0], *options], keep)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
