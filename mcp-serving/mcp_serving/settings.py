"""A server's settings, read from the environment once."""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, FilePath, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from mcp_serving.toolbox import BeyondScopes

BAD_SETTINGS = 2
"""The exit code of a start that a setting stopped."""


def _is_listen(value: str) -> str:
    try:
        parts = urlsplit(f"//{value}")
        complete = bool(parts.hostname) and parts.port is not None and parts.netloc == value
    except ValueError:
        complete = False
    if not complete:
        raise ValueError("must be an address and a port, such as 127.0.0.1:8000 or [::1]:8000")
    return value


Listen = Annotated[str, AfterValidator(_is_listen)]


class ServerSettings(BaseSettings):
    """What every server has. Names are the environment's in lower case.

    ``listen``: address and port; port 0 takes any free one. ``tls_*``: PEM files; all three turn on mutual TLS.
    ``allowed_client_san``: the DNS name that a client's certificate must carry. ``allowed_hosts``: without TLS, the
    Host names that are answered besides the server's own and loopback's, separated by commas.
    """

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    listen: Listen = "0.0.0.0:8000"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    tools_beyond_scopes: BeyondScopes = BeyondScopes.SHOW
    tls_cert_file: FilePath | None = None
    tls_key_file: FilePath | None = None
    tls_ca_file: FilePath | None = None
    allowed_client_san: str = "envoy"
    allowed_hosts: str = ""

    def hosts(self, server_name: str) -> frozenset[str]:
        """The Host names, in lower case and without ports, that a server of this name answers to."""
        more = {name.strip().lower() for name in self.allowed_hosts.split(",")} - {""}
        return frozenset({server_name.lower(), "localhost", "127.0.0.1", "::1", *more})

    @property
    def host(self) -> str:
        return urlsplit(f"//{self.listen}").hostname or ""

    @property
    def port(self) -> int:
        return urlsplit(f"//{self.listen}").port or 0

    @property
    def tls_files(self) -> tuple[Path, Path, Path] | None:
        """Certificate, key and CA, or None for plain HTTP."""
        if self.tls_cert_file and self.tls_key_file and self.tls_ca_file:
            return self.tls_cert_file, self.tls_key_file, self.tls_ca_file
        return None

    @model_validator(mode="after")
    def _all_tls_files_or_none(self) -> Self:
        files = {name: getattr(self, name) for name in ("tls_cert_file", "tls_key_file", "tls_ca_file")}
        absent = [name.upper() for name, value in files.items() if value is None]
        if 0 < len(absent) < len(files):
            raise ValueError(f"{absent[0]}: must be set too: mutual TLS needs certificate, key and CA")
        return self


AnySettings = TypeVar("AnySettings", bound=ServerSettings)


def read_settings(kind: type[AnySettings]) -> AnySettings:
    """Read the environment; a bad value ends the process with one line that names the variable and the mend."""
    try:
        return kind()
    except ValidationError as error:
        stop("; ".join(_told(problem) for problem in error.errors(include_url=False, include_input=False)))


def stop(line: str) -> NoReturn:
    """End a start that cannot succeed: one line on stderr, exit code 2."""
    sys.stderr.write(line.replace("\n", " ") + "\n")
    raise SystemExit(BAD_SETTINGS)


def _told(problem: Any) -> str:
    message = problem["msg"].removeprefix("Value error, ")
    location = "_".join(str(part) for part in problem["loc"]).upper()
    return f"{location}: {message}" if location else message
