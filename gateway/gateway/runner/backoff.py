"""How long to wait before a component that died is started again."""

from dataclasses import dataclass

FIRST_WAIT = 0.2
LONGEST_WAIT = 10.0
HEALTHY_AFTER = 30.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """Consecutive deaths so far. 0.2 s, then twice as long each time, 10 s at most.

    Starts over after the component has been ready for 30 s, so that one death a day is never punished.
    """

    deaths: int = 0

    def after_death(self, ready_for: float) -> "Backoff":
        """The next state, when a process died that had been ready for `ready_for` seconds."""
        return Backoff(1 if ready_for >= HEALTHY_AFTER else self.deaths + 1)

    @property
    def wait(self) -> float:
        """Seconds until the next start."""
        if self.deaths == 0:
            return 0.0
        # 2 ** 6 * 0.2 s is over the limit already: a larger exponent only makes a larger number
        return min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(self.deaths - 1, 6))
