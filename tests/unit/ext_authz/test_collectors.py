"""The lean counters say to Prometheus what its own library's would."""

from ext_authz.collectors import Counts, Distribution
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

BOUNDS = (0.5, 1.0, 2.5)


def lines(registry: CollectorRegistry) -> set[str]:
    """Without the moments of creation, which only the library's own say."""
    return {line for line in generate_latest(registry).decode().split("\n") if "_created" not in line}


@given(st.lists(st.floats(min_value=0, max_value=10) | st.sampled_from(BOUNDS)))
def test_a_distribution_reads_as_a_histogram_of_the_library_does(values: list[float]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    distribution = Distribution("seconds", "Time.", BOUNDS)
    ours.register(distribution)
    histogram = Histogram("seconds", "Time.", buckets=BOUNDS, registry=theirs)
    for value in values:
        distribution.observe(value)
        histogram.observe(value)
    assert lines(ours) == lines(theirs)


@given(st.lists(st.tuples(st.text(), st.sampled_from(["hit", 'm"\\\n']))))
def test_counts_read_as_a_counter_of_the_library_does(events: list[tuple[str, str]]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    counts = Counts("looks", "Look-ups.", ["place", "result"])
    ours.register(counts)
    counter = Counter("looks", "Look-ups.", ["place", "result"], registry=theirs)
    for place, result in events:
        counts.count(place, result)
        counter.labels(place, result).inc()
    assert lines(ours) == lines(theirs)
