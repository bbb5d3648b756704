"""What a stack and its components are, as data: how each is started, and when it counts as ready."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

Say = Callable[[str], None]
Step = Callable[[Say], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Files for a probe that speaks TLS: the CA to check, and the certificate to show where the server asks for one."""

    ca: Path
    certificate: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True)
class Probe:
    """Ready means: a GET of `url` is answered with one of `accept`.

    `server_name` is what the certificate must name where the address is not in it. `minds` are the only components
    whose absence counts where a 503 names those that are down: a user's own server must not keep the gateway from
    starting. None: all count.
    """

    url: str
    accept: frozenset[int] = frozenset({200})
    tls: TlsFiles | None = None
    server_name: str | None = None
    minds: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Component:
    """A process of the stack. Times are seconds.

    `before_start` runs once before the first start (fetching, building); `after_ready` once after it.
    """

    name: str
    argv: tuple[str, ...]
    ready: Probe
    environment: Mapping[str, str] = field(default_factory=dict)
    directory: Path | None = None
    before_start: Step | None = None
    after_ready: Step | None = None
    start_deadline: float = 60.0


@dataclass(frozen=True, slots=True)
class Stack:
    """Components that serve together. `prepare` makes the files they read, before any of them starts.

    `front_doors` are asked last, in this order: only when all answer are requests really served. `urls` are what a
    user opens. `reload` takes changed files up while all runs; the components in `restarted` are then started again.
    `chore` is what goes on beside the components once all is ready.
    """

    components: tuple[Component, ...]
    front_doors: tuple[Probe, ...]
    prepare: Callable[[], None] = lambda: None
    urls: Mapping[str, str] = field(default_factory=dict)
    reload: Step | None = None
    restarted: tuple[str, ...] = ()
    chore: Step | None = None
