"""One examination: what was asked for, the means, and what the steps learnt so far for those that follow."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.doctor.rpc import Era
from gateway.doctor.target import Target
from gateway.doctor.wire import Answer, Json, NoAnswer, Wire

INSPECTOR = "http://localhost:6274"


@dataclass(frozen=True, slots=True)
class SignIn:
    """How to get a token for some scopes at `issuer`; a password goes nowhere else. The function raises ClientError."""

    issuer: str
    get_token: Callable[[list[str]], str]
    password: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line says."""

    trust: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    origin: str = INSPECTOR
    http_port: int | None = None
    register: bool = False
    token: str | None = field(default=None, repr=False)
    sign_in: SignIn | None = None
    introspect_client: str | None = None
    introspect_secret: str | None = field(default=None, repr=False)
    introspect_url: str | None = None
    total_seconds: float = 120.0
    step_seconds: float = 10.0


@dataclass(slots=True)
class Case:
    """`blocked` says why nothing more can be asked over HTTP; every other fact is None until a step learns it."""

    target: Target
    options: Options
    wire: Wire
    blocked: str | None = None
    addresses: list[str] = field(default_factory=list)
    tls_version: str | None = None
    alpn: str | None = None
    refusal: Answer | None = None
    is_open: bool = False
    scopes: list[str] = field(default_factory=list)
    metadata_url: str | None = None
    metadata: Json | None = None
    issuer: str | None = None
    server: Json | None = None
    token_works: bool = False
    eras: dict[Era, Json] = field(default_factory=dict)
    session: dict[str, str] = field(default_factory=dict)

    async def try_ask(self, url: str) -> Answer | NoAnswer:
        """GET `url` without a token; that there is no answer is a value here, for steps that try several."""
        try:
            return await self.wire.ask("GET", url, headers={"Accept": "application/json"})
        except NoAnswer as error:
            return error
