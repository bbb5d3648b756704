"""Why a server could not be added, removed or checked. Each message is one sentence that names the mend.

GatewayError
├── BadArgument     2   a name, URL, scope or tool cannot be used
├── Unasked         2   nobody is there to say yes; nothing was written
├── CannotEdit      1   a file is not as it is expected to be; nothing was written
├── NotValid        1   the files would not be accepted as they would become; nothing was written
├── NotAnswering    1   the server cannot be asked for its tools
└── NotApplied      1   the files are written, but the running gateway could not take them up
"""

from gateway.runner.errors import GatewayError


class BadArgument(GatewayError):
    """What the user gave cannot be used."""

    exit_code = 2


class Unasked(GatewayError):
    """There is no terminal at which the user could agree to the change."""

    exit_code = 2


class CannotEdit(GatewayError):
    """The place where something should be written or removed is not there, or something stands there already."""


class NotValid(GatewayError):
    """One of the checks refuses the files as they would become."""


class NotAnswering(GatewayError):
    """The server behind the gateway does not answer, or not as an MCP server does."""


class NotApplied(GatewayError):
    """The running gateway refused the change, or did not take it up in time."""
