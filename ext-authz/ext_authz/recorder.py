"""Tells both the log and the metrics of what was decided, a moment later and many at once.

What makes a line is out of the processor's caches after each request, and has to be fetched for one line as for thirty.
"""

import time
from collections.abc import Callable

from ext_authz.decision_log import Decision, DecisionLog, reason_of
from ext_authz.metrics import Metrics
from ext_authz.operation import HttpRequest
from ext_authz.verdict import Verdict

TOLD_AFTER_SECONDS = 0.05
"""A decision is told this long after it was made, at most. What a killed process can lose is this much of its log; one
that ends tells all of it."""

TOGETHER = 32
"""So many are told at once, at most: a third of a millisecond, for which requests wait."""

Later = Callable[[float, Callable[[], None]], object]
"""``call_later`` of an event loop."""


class DecisionRecorder:
    """The one recorder of the process: of decisions, and of changes to what they are made on."""

    def __init__(self, log: DecisionLog, metrics: Metrics, call_later: Later) -> None:
        self._log = log
        self._metrics = metrics
        self._call_later = call_later
        self._kept: list[Decision] = []

    def decided(
        self, request: HttpRequest, resource: str, verdict: Verdict, subject: str | None, seconds: float
    ) -> None:
        kept, at = self._kept, time.time_ns()
        if not kept:
            self._call_later(TOLD_AFTER_SECONDS, self.tell)
        kept.append(
            Decision._make((request.method, request.path, request.request_id, resource, verdict, subject, seconds, at))
        )
        if len(kept) >= TOGETHER:
            self.tell()

    def tell(self) -> None:
        """Write what was decided and not told yet."""
        kept, self._kept = self._kept, []
        for decision in kept:
            self._metrics.decided(decision.resource, reason_of(decision.verdict), decision.seconds)
        self._log.decided(kept)

    def exposition(self) -> bytes:
        """The metrics as Prometheus reads them, up to the last decision."""
        self.tell()
        return self._metrics.exposition()

    def unavailable(self, request_id: str, cause: str) -> None:
        self.tell()  # here and below: a log is read in the order in which things happened
        self._log.unavailable(request_id, cause)

    def registration(self, request_id: str, outcome: str, status: int, seconds: float) -> None:
        self.tell()
        self._metrics.registration(outcome)
        self._log.registration(request_id, outcome, status, seconds)

    def logout(self, outcome: str, remembered: int) -> None:
        self.tell()
        self._metrics.logout(outcome, remembered)
        self._log.logout(outcome)

    def policy_accepted(self, resources: list[str]) -> None:
        self.tell()
        self._metrics.policy_accepted()
        self._log.policy_accepted(resources)

    def policy_refused(self, source: str, line: int, text: str) -> None:
        self.tell()
        self._metrics.policy_refused()
        self._log.policy_refused(source, line, text)

    def failed(self, request_id: str, error: Exception) -> None:
        self.tell()
        self._metrics.decided("unknown", "internal_fault", 0.0)
        self._log.failed(request_id, error)
