"""The policy that decisions are made on now, and whether a newer one was refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from ext_authz.policy import Policy, Resource


class Policies(Protocol):
    """What a decision needs: the resources, as they are at this moment."""

    @property
    def resources(self) -> Mapping[str, Resource]: ...


@dataclass(frozen=True, slots=True)
class Refused:
    """What is wrong with a newer policy. ``line`` counts from 1; ``text`` names the mend, and no path."""

    line: int
    text: str


class PolicyInForce:
    """Hands out one policy until another takes its place, in one step. Verdicts on tokens do not depend on it."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.refused: Refused | None = None

    @property
    def resources(self) -> Mapping[str, Resource]:
        """By the name that Envoy's routes carry."""
        return self._policy.resources

    def accept(self, policy: Policy) -> None:
        """From now on decisions are made on ``policy``."""
        self._policy = policy
        self.refused = None

    def refuse(self, refused: Refused) -> None:
        """The file cannot be used as it is now; the policy in force stays."""
        self.refused = refused
