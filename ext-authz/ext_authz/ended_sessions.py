"""Sessions that have ended, remembered until nothing older can speak for them (OpenID Connect Back-Channel Logout 1.0).

Keycloak tells of a logout before it commits it: an introspection made at that moment still answers that the token is
active. So the answer is not trusted against the logout, whether it was cached before or comes in after it.
"""

import time
from collections.abc import Callable

from ext_authz.claims import Claims
from ext_authz.expiring_lru import ExpiringLru

KEPT_SECONDS = 3600.0
"""Longer than an access token lives in the shipped realm (300 s), and far longer than an introspection is cached."""

MAX_SESSIONS = 100_000
"""About 30 MB. Only logouts that Keycloak signed are remembered, so no stranger fills this."""

LEEWAY_SECONDS = 5.0
"""Access tokens issued this shortly after the logout still belong to the ended session: Keycloak commits later."""


class EndedSessions:
    """Keys are a session's ``sid``, or a subject's ``sub`` where a logout ended all sessions of a user."""

    def __init__(self, *, size: int = MAX_SESSIONS, clock: Callable[[], float] = time.monotonic) -> None:
        self._sessions: ExpiringLru[str, float] = ExpiringLru(size, clock)
        self._subjects: ExpiringLru[str, float] = ExpiringLru(size, clock)
        self._has_heard = False

    def __len__(self) -> int:
        return len(self._sessions) + len(self._subjects)

    def end(self, *, session: str | None, subject: str | None, at: float) -> None:
        """Remember that ``session``, or where that is None every session of ``subject``, ended ``at``.

        ``at`` is in seconds since 1970 by Keycloak's clock, and only ever compared with what the same clock wrote into
        tokens: ours may be wrong. How long it is remembered is counted by ours.
        """
        self._has_heard = True
        if session is not None:
            _remember(self._sessions, session, at)
        elif subject is not None:
            _remember(self._subjects, subject, at)

    def covers(self, claims: Claims) -> bool:
        """Whether the token was issued in a session that has ended.

        An offline token outlives its session by design and brings access tokens with the same ``sid``: those issued
        after the logout are not covered.
        """
        if not self._has_heard:  # asked at every request: the look-ups that follow would be in vain
            return False
        ends = [
            self._sessions.get(claims.session) if claims.session else None,
            self._subjects.get(claims.identity.subject),
        ]
        issued = claims.issued_at
        return any(end is not None and (issued is None or issued <= end + LEEWAY_SECONDS) for end in ends)


def _remember(ends: ExpiringLru[str, float], key: str, at: float) -> None:
    # The latest end counts: a logout that is told again late, or replayed, must not let in what a later one ended.
    known = ends.get(key)
    ends.put(key, at if known is None else max(at, known), KEPT_SECONDS)
