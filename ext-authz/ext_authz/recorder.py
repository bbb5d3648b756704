"""Tells both the log and the metrics of what was decided, a moment later and many at once."""

import asyncio
import time
from collections.abc import Callable, Sequence

from mcp_wire import Together

from ext_authz.decision_log import Decision, DecisionLog, reason_of
from ext_authz.metrics import Metrics
from ext_authz.operation import HttpRequest
from ext_authz.verdict import Verdict


class DecisionRecorder:
    """The one recorder of the process: of decisions, and of changes to what they are made on.

    ``decided`` and ``failed`` may be called in any thread; the rest on the event loop where it was made, and where all
    is written.
    """

    def __init__(self, log: DecisionLog, metrics: Metrics) -> None:
        self._log = log
        self._metrics = metrics
        self._loop = asyncio.get_running_loop()
        self._decisions = Together(self._tell, self._later)

    def _later(self, seconds: float, call: Callable[[], None]) -> None:
        self._loop.call_soon_threadsafe(self._loop.call_later, seconds, call)

    @property
    def is_behind(self) -> bool:
        """Whether decisions are made faster than they can be told."""
        return self._decisions.is_behind

    def decided(
        self, request: HttpRequest, resource: str, verdict: Verdict, subject: str | None, seconds: float
    ) -> None:
        at = time.time_ns()
        self._decisions.add(
            Decision._make((request.method, request.path, request.request_id, resource, verdict, subject, seconds, at))
        )

    def tell(self) -> None:
        """Write what was decided and not told yet."""
        self._decisions.tell()

    def _tell(self, decisions: Sequence[Decision]) -> None:
        self._metrics.settle()
        for decision in decisions:
            self._metrics.decided(decision.resource, reason_of(decision.verdict), decision.seconds)
        self._log.decided(decisions)

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

    def failed(self, request_id: str, error: BaseException) -> None:
        self._loop.call_soon_threadsafe(self._tell_failure, request_id, error)

    def _tell_failure(self, request_id: str, error: BaseException) -> None:
        self.tell()
        self._metrics.decided("unknown", "internal_fault", 0.0)
        self._log.failed(request_id, error)
