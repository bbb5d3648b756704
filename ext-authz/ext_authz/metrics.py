"""What is counted, for Prometheus. Labels are reasons, resources and outcomes: bounded, and none from a client."""

from collections import deque
from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from ext_authz.collectors import Counts, Distribution

_DECISION_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_AGE_BUCKETS = (0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """All series of the process, in a registry of its own."""

    def __init__(self) -> None:
        registry = CollectorRegistry(auto_describe=True)
        self._registry = registry
        self._decisions = Counts("ext_authz_decisions", "Decisions, by resource and reason.", ["resource", "reason"])
        self._decision_seconds = Distribution("ext_authz_decision_seconds", "Time to decide.", _DECISION_BUCKETS)
        self._introspections = Counter(
            "ext_authz_introspections", "Questions to the authorization server.", ["outcome"], registry=registry
        )
        self._introspection_seconds = Histogram(
            "ext_authz_introspection_seconds", "Time of an introspection.", buckets=_DECISION_BUCKETS, registry=registry
        )
        self._cache = Counts("ext_authz_cache", "Look-ups: hit, miss, or joined one in flight.", ["result"])
        self._cached_age = Distribution(
            "ext_authz_cached_age_seconds", "Age of the cached introspection that a decision was made on.", _AGE_BUCKETS
        )
        self._hits: deque[float] = deque()
        for result in ("hit", "miss", "joined"):
            self._cache.count(result, by=0)
        for collector in (self._decisions, self._decision_seconds, self._cache, self._cached_age):
            registry.register(collector)
        self._refreshed = Counter(
            "ext_authz_refreshed_ahead", "Introspections made before the cached answer ended.", registry=registry
        )
        self._evictions = Counter(
            "ext_authz_cache_evictions", "Answers that had to go because the cache was full.", registry=registry
        )
        self._logouts = Counter(
            "ext_authz_logouts", "Logout tokens that Keycloak posted.", ["outcome"], registry=registry
        )
        self._ended_sessions = Gauge(
            "ext_authz_ended_sessions", "Sessions that are remembered as ended.", registry=registry
        )
        self._registrations = Counter(
            "ext_authz_registrations", "Clients that asked to be registered.", ["outcome"], registry=registry
        )
        self._policy_files = Counter(
            "ext_authz_policy_files", "Changed policy files, accepted or refused.", ["result"], registry=registry
        )
        self._policy_is_refused = Gauge(
            "ext_authz_policy_refused", "1 while the policy file is not the policy in force.", registry=registry
        )
        self._certificate_expiry = Gauge(
            "ext_authz_certificate_expiry_timestamp_seconds",
            "Unix time at which a certificate expires: the authorizer's own, or the last of its CA file.",
            ["certificate"],
            registry=registry,
        )

    def certificates(self, gauges: Mapping[str, Callable[[], float]]) -> None:
        """Certificate → asked for its expiry whenever the figures are read."""
        for name, timestamp in gauges.items():
            self._certificate_expiry.labels(name).set_function(timestamp)

    def decided(self, resource: str, reason: str, seconds: float) -> None:
        self._decisions.count(resource, reason)
        self._decision_seconds.observe(seconds)

    def cache_hit(self, age_seconds: float) -> None:
        """At each request, in any thread: counted when it is told of its decision."""
        self._hits.append(age_seconds)

    def settle(self) -> None:
        """Count what was not counted yet."""
        while self._hits:
            self._cache.count("hit")
            self._cached_age.observe(self._hits.popleft())

    def cache_miss(self) -> None:
        self._cache.count("miss")

    def joined_flight(self) -> None:
        self._cache.count("joined")

    def refreshed_ahead(self) -> None:
        self._refreshed.inc()

    def evicted(self) -> None:
        self._evictions.inc()

    def logout(self, outcome: str, remembered: int) -> None:
        self._logouts.labels(outcome).inc()
        self.remembered(remembered)

    def remembered(self, sessions: int) -> None:
        """So many sessions are known to have ended."""
        self._ended_sessions.set(sessions)

    def introspected(self, outcome: str, seconds: float) -> None:
        self._introspections.labels(outcome).inc()
        self._introspection_seconds.observe(seconds)

    def registration(self, outcome: str) -> None:
        self._registrations.labels(outcome).inc()

    def policy_accepted(self) -> None:
        self._policy_files.labels("accepted").inc()
        self._policy_is_refused.set(0)

    def policy_refused(self) -> None:
        self._policy_files.labels("refused").inc()
        self._policy_is_refused.set(1)

    def exposition(self) -> bytes:
        """Prometheus' text format, version 0.0.4."""
        self.settle()
        return generate_latest(self._registry)
