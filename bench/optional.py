"""Other people's programs in a comparison: one that cannot be had, or fails, leaves the others their figures."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TypeVar

from bench.progress import say
from bench.tools import NotAvailable

T = TypeVar("T")


@dataclass
class Missing:
    """Rows without a figure, and why. What ``failed`` fails the run; what cannot be had here only stands there."""

    not_available: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def started(self, name: str, start: Callable[[ExitStack], T], running: ExitStack) -> T | None:
        """What ``start`` gives; it stays until ``running`` ends. None, and a reason kept, where it does not come up."""
        with ExitStack() as own:
            try:
                given = start(own)
            except NotAvailable as error:
                self._keep(self.not_available, name, error)
                return None
            except Exception as error:  # noqa: BLE001 - of any kind: others' programs fail in ways of their own
                self._keep(self.failed, name, error)
                return None
            running.enter_context(own.pop_all())
            return given

    def lost(self, name: str, error: Exception) -> None:
        """It came up, and failed while it was measured: what it had been measured at counts no longer."""
        self._keep(self.failed, name, error)

    def _keep(self, where: dict[str, str], name: str, error: Exception) -> None:
        say(f"  {name}: {type(error).__name__}: {error}")
        where[name] = str(error).partition("\n")[0] or type(error).__name__
