"""Tells both the log and the metrics of what was decided."""

from ext_authz.decision_log import DecisionLog, reason_of
from ext_authz.metrics import Metrics
from ext_authz.operation import HttpRequest
from ext_authz.verdict import Verdict


class DecisionRecorder:
    """The one recorder of the process: of decisions, and of changes to what they are made on."""

    def __init__(self, log: DecisionLog, metrics: Metrics) -> None:
        self._log = log
        self._metrics = metrics

    def decided(
        self, request: HttpRequest, resource: str, verdict: Verdict, subject: str | None, seconds: float
    ) -> None:
        self._metrics.decided(resource, reason_of(verdict), seconds)
        self._log.decided(request, resource, verdict, subject, seconds)

    def unavailable(self, request_id: str, cause: str) -> None:
        self._log.unavailable(request_id, cause)

    def registration(self, request_id: str, outcome: str, status: int, seconds: float) -> None:
        self._metrics.registration(outcome)
        self._log.registration(request_id, outcome, status, seconds)

    def logout(self, outcome: str, remembered: int) -> None:
        self._metrics.logout(outcome, remembered)
        self._log.logout(outcome)

    def policy_accepted(self, resources: list[str]) -> None:
        self._metrics.policy_accepted()
        self._log.policy_accepted(resources)

    def policy_refused(self, source: str, line: int, text: str) -> None:
        self._metrics.policy_refused()
        self._log.policy_refused(source, line, text)

    def failed(self, request_id: str, error: Exception) -> None:
        self._metrics.decided("unknown", "internal_fault", 0.0)
        self._log.failed(request_id, error)
