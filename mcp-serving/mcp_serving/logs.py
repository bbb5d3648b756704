"""Logs as JSON lines on stdout: one object a line, so that no value can forge a line of its own."""

import json
import logging
import sys
from typing import Any, TextIO, cast

import structlog
from mcp_wire import LogStream

_SHARED: tuple[Any, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
)


_ENCODER = json.JSONEncoder(default=repr)


def _written(event: Any, **_: Any) -> str:
    return _ENCODER.encode(event)  # json.dumps would make an encoder for each line, a third of what the line takes


def configure_logs(level: str) -> None:
    """Send structlog's events and the standard library's records, from ``level`` on, to stdout as JSON lines."""
    structlog.configure(
        processors=[*_SHARED, structlog.processors.JSONRenderer(_written)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, LogStream(sys.stdout))),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    # Libraries speak only when something is wrong: their debug lines may quote requests.
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
