"""The measurements by name, in the order in which they run."""

from collections.abc import Callable
from typing import Any

from bench.lab import Lab
from bench.measure import added_latency, cold_tokens, end_to_end, growth, memory, through_envoy, workers

MEASUREMENTS: dict[str, Callable[[Lab], dict[str, Any]]] = {
    "through-envoy": through_envoy.measure,
    "added-latency": added_latency.measure,
    "cold-tokens": cold_tokens.measure,
    "workers": workers.measure,
    "end-to-end": end_to_end.measure,
    "memory": memory.measure,
    "growth": growth.measure,
}
