"""Why a command ends, and with which exit code.

GatewayError
├── BadSetting       2   a setting cannot be used
├── NotRunning       3   there is no stack to show
├── AlreadyRunning   4   one stack per state directory
├── PortUnavailable  5   in use, or not allowed to this user
├── InstallFailed    6   Keycloak could not be fetched, unpacked or built
├── StartFailed      1   a component died or did not become ready in time
└── Interrupted    130   Ctrl-C before all was ready (128 + SIGINT, as shells count)
"""

from collections.abc import Sequence


class GatewayError(Exception):
    """One sentence for the user, and the end of a log where that helps."""

    exit_code = 1

    def __init__(self, sentence: str, *, tail: Sequence[str] = ()) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.tail = list(tail)


class BadSetting(GatewayError):
    """A value in the environment or on the command line cannot be used."""

    exit_code = 2


class NotRunning(GatewayError):
    """There is no stack in this state directory."""

    exit_code = 3


class AlreadyRunning(GatewayError):
    """Another process runs the stack of this state directory."""

    exit_code = 4


class PortUnavailable(GatewayError):
    """A port is taken, or this user may not listen on it."""

    exit_code = 5


class InstallFailed(GatewayError):
    """Keycloak could not be fetched, unpacked or built."""

    exit_code = 6


class StartFailed(GatewayError):
    """A component died, or was not ready in time, while the stack started."""


class Interrupted(GatewayError):
    """The user stopped the start."""

    exit_code = 130
