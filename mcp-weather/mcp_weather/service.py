"""What can be asked of a service outside, and the ways in which it fails to answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

from mcp_serving import ToolFailure
from pydantic import BaseModel, ConfigDict

Answer = TypeVar("Answer", bound=BaseModel)


class Wire(BaseModel):
    """Part of a service's answer: of exactly the types that it documents. Members that it adds later are ignored."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class Service:
    """``name`` is told to models and logs; ``url`` has no slash at its end; answers are kept for ``keep_seconds``."""

    name: str
    url: str
    keep_seconds: float


class Fetch(Protocol):
    """Asks services by GET."""

    async def get(self, service: Service, path: str, params: Mapping[str, str], answer: type[Answer]) -> Answer:
        """
        Raises:
            ServiceFailure: the service gave no answer that can be used.
            Refusal: it answered 400 or 404; the caller knows what that means there.
        """
        ...


class Refusal(Exception):
    """The service says that the question is wrong."""

    def __init__(self, service: Service, status: int, body: bytes) -> None:
        super().__init__(service.name, status)
        self.service = service
        self.status = status
        self.body = body


class Reason(StrEnum):
    UNREACHABLE = "unreachable"
    SLOW = "slow"
    DROPPED = "dropped"
    BUSY = "busy"
    BROKEN = "broken"
    REFUSED = "refused"
    UNREADABLE = "unreadable"


_TOLD = {
    Reason.UNREACHABLE: "cannot be reached. The arguments are not at fault; try again in some minutes.",
    Reason.SLOW: "did not answer in time. Try once more; if that fails too, tell the user that the service is slow.",
    Reason.DROPPED: "broke the connection off before its answer was complete. Try once more.",
    Reason.BUSY: "takes no more questions from this server for now (HTTP 429). Try again {when}, not before.",
    Reason.BROKEN: "has a fault of its own (HTTP {status}). The arguments are not at fault; try again in some minutes.",
    Reason.REFUSED: "refused this server (HTTP {status}). Trying again will not help; the operator of this server "
    "has to look into it.",
    Reason.UNREADABLE: "gave an answer that is not what it documents. Trying again will hardly help; "
    "the operator of this server has to look into it.",
}


class ServiceFailure(ToolFailure):
    """A service outside did not answer. ``when`` says how long a busy one wants to be left alone."""

    def __init__(self, service: Service, reason: Reason, *, status: int | None = None, when: str = "later") -> None:
        super().__init__(f"{service.name} {_TOLD[reason].format(status=status, when=when)}")
        self.service = service
        self.reason = reason
        self.status = status
