"""What can go wrong for a user of the gateway. Each message is one sentence that names the mend.

ClientError
├── BadRequest          the command line asks for what there is not           exit code 2
├── SignInFailed        the authorization server did not give a token         exit code 3
├── Refused             the gateway said no: 400, 401, 403, 404, 413 …        exit code 4
├── TryLater            429, 503, or nothing answers at all                   exit code 5
└── CallFailed          the server answered with an error, or made no sense   exit code 1
"""


class ClientError(Exception):
    """The base of all; `exit_code` is what the command ends with."""

    exit_code = 1


class BadRequest(ClientError):
    """No such server, tool or argument, or options that exclude each other; told before anything is called."""

    exit_code = 2


class SignInFailed(ClientError):
    """No token: wrong password, refused by the realm, or an answer that does not belong to our request.

    `code` is what the realm called it (RFC 6749 §4.1.2.1 and §5.2), "" where it said nothing.
    """

    exit_code = 3

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class Refused(ClientError):
    """The gateway refused the request; `status` is its HTTP status, `needs` the scopes that would have opened it."""

    exit_code = 4

    def __init__(self, message: str, status: int, needs: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.needs = needs


class TryLater(ClientError):
    """The request may succeed later; `retry_after` is in seconds, None where nobody said."""

    exit_code = 5

    def __init__(self, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class CallFailed(ClientError):
    """The MCP server answered with a JSON-RPC error, or with something that is not MCP."""
