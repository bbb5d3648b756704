"""An attack is a value: what is sent, what is expected, and what would mend a gateway that does otherwise."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from gateway.doctor.attacks.exchange import Heard
from gateway.doctor.findings import Level
from gateway.doctor.target import Target
from gateway.doctor.wire import Answer, Json

ATTACKER = "attacker.invalid"
"""A host, an origin and a user that nobody is (RFC 6761 §6.4: `.invalid` never resolves)."""

PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'

Header = tuple[str, str | bytes]
Judge = Callable[[Heard], str | None]
"""What is wrong with what was heard, in a few words; None where nothing is."""


@dataclass(frozen=True, slots=True)
class Expected:
    """`judge` says what is wrong; how bad it is, is `level`; `linger` is for a second answer that must not come."""

    text: str
    judge: Judge
    level: Level = Level.FAILURE
    linger: float = 0.0


@dataclass(frozen=True, slots=True)
class Attack:
    """`kind` is the class in docs/doctor.md. Where `blocked` says why, it cannot be tried here."""

    kind: str
    title: str
    request: bytes = field(repr=False)
    expected: Expected
    fix: str
    blocked: str | None = None

    def unless(self, blocked: str | None) -> "Attack":
        """The same attack, which cannot be tried where there is a reason."""
        return replace(self, blocked=self.blocked or blocked)


@dataclass(frozen=True, slots=True)
class Known:
    """What the attacks are made from. `inside` is what opens the door: the token's header, or nothing if it is open.

    `refusal` is the answer to a request without a token; `shut` says why nothing can be refused, `no_entry` why nothing
    can be asked from inside.
    """

    target: Target
    origin: str
    token: str | None = field(repr=False)
    refusal: Answer | None
    issuer: str | None
    metadata_url: str | None
    scopes: list[str]
    session: dict[str, str]
    speaks_modern: bool
    tools: list[Json]
    tools_answer: Answer | None
    shut: str | None
    no_entry: str | None

    @property
    def path(self) -> str:
        """Of the target, never empty."""
        return self.target.path or "/"

    @property
    def entrance(self) -> list[Header]:
        """The token's header, where there is one."""
        return [("Authorization", f"Bearer {self.token}")] if self.token else []

    @property
    def inside(self) -> list[Header]:
        """The headers with which a request of the older revisions is let in."""
        return [*self.entrance, *self.session.items()]

    def post(self, *headers: Header, path: str | None = None, body: bytes = PING) -> bytes:
        """A POST that has nothing wrong but what is named."""
        sent: list[Header] = [*JSON, *headers, ("Content-Length", str(len(body)))]
        return self.head("POST", path or self.path, *sent) + body

    def head(self, method: str, path: str | bytes, *headers: Header, version: str = "1.1") -> bytes:
        """The head of a request; a Host among `headers` replaces the right one."""
        named = {name.lower() for name, _ in headers}
        host: list[Header] = [] if "host" in named else [("Host", self.host)]
        lines = [f"{method} ".encode() + _bytes(path) + f" HTTP/{version}".encode()]
        lines += [name.encode() + b": " + _bytes(value) for name, value in [*host, *COMMON, *headers]]
        return b"\r\n".join([*lines, b"", b""])

    @property
    def host(self) -> str:
        """What belongs in Host."""
        return self.target.origin.partition("://")[2]


COMMON: list[Header] = [("User-Agent", "mcp-gateway-doctor"), ("Connection", "close")]
JSON: list[Header] = [("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream")]


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode()
