"""What every worker must know alike, though only one of them heard of it."""

import time
from collections.abc import Callable

from ext_authz.ended_sessions import EndedSessions
from ext_authz.failure_limit import FailureLimit
from ext_authz.logout_spreading import LogoutSpreading
from ext_authz.workers.siblings import Siblings

ENDED = "session_ended"
HEARD = "heard"
FAILED = "introspection_failed"


class SharedEndedSessions(EndedSessions):
    """Keycloak posts a logout to one address, and so to one worker: the others are told before it is answered.

    ``remembered`` is told how many sessions are known to have ended, after each that another worker told of.
    """

    def __init__(self, siblings: Siblings, remembered: Callable[[int], None]) -> None:
        super().__init__()
        self._siblings = siblings
        self._remembered = remembered
        siblings.listen(ENDED, self._heard)

    def end(self, *, session: str | None, subject: str | None, at: float) -> None:
        super().end(session=session, subject=subject, at=at)
        self._siblings.tell(ENDED, {"session": session, "subject": subject, "at": at}, kept=True)

    def _heard(self, data: dict[str, str | float | None]) -> None:
        super().end(**data)  # type: ignore[arg-type]  # as it was told above
        self._remembered(len(self))


class SharedFailureLimit(FailureLimit):
    """So that an address has one bucket, however many workers its requests are spread over."""

    def __init__(self, per_minute: int, siblings: Siblings, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(per_minute, clock=clock)
        self._siblings = siblings
        siblings.listen(FAILED, super().failed)

    def failed(self, address: str) -> None:
        super().failed(address)
        self._siblings.tell(FAILED, address)


class SpreadToAll:
    """After a logout: the other workers of this authorizer, and its replicas."""

    def __init__(self, siblings: Siblings, replicas: LogoutSpreading) -> None:
        self._siblings = siblings
        self._replicas = replicas
        siblings.answer(HEARD, lambda: True)

    async def spread(self, token: str, *, was_passed_on: bool) -> None:
        """Returns when all know of it, or have not answered in time."""
        # What they were told comes before the question, so that whoever answers has heard it.
        await self._siblings.ask(HEARD)
        if not was_passed_on:
            await self._replicas.spread(token)
