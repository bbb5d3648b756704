"""The settings, read once from the environment. A bad value stops the start with one line that names its variable."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PLACEHOLDER_SECRET = "api-gateway-secret-change-me"  # noqa: S105 - the published one, refused in production

_ORIGIN = re.compile(r"(https?)://((?:[a-z0-9-]+\.)*[a-z0-9-]+|\[[0-9a-f:]+\])(?::([1-9][0-9]{0,4}))?")
_DEFAULT_PORTS = {"https": "443", "http": "80"}


class SettingsError(Exception):
    """One line for the operator: which variable is wrong, and what it must be."""


def _origin(value: str) -> str:
    match = _ORIGIN.fullmatch(value)
    if match is None or int(match[3] or 1) > 65535:  # noqa: PLR2004 - the largest port
        raise ValueError("must be an origin in lower case, as https://example.org or https://localhost:8443")
    if match[3] == _DEFAULT_PORTS[match[1]]:
        # Clients and browsers leave it out (RFC 6454 §6.2), and audiences and issuers are compared as strings.
        raise ValueError(f"must not name the default port: leave out :{match[3]}")
    return value


def _https_origin(value: str) -> str:
    if not value.startswith("https://"):
        raise ValueError("must begin with https:// (tokens must not travel in the clear)")
    return _origin(value)


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    has_more = parts.query or parts.fragment or parts.username
    # To read a port beyond 65535 raises ValueError.
    if parts.scheme not in ("http", "https") or not parts.hostname or has_more or parts.port == 0:
        raise ValueError("must be a URL like http://keycloak:8080, without user, query or fragment")
    return value.rstrip("/")


def _address(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:  # noqa: PLR2004 - the largest port
        raise ValueError("must be host:port, like 0.0.0.0:50051 or [::1]:50051")
    return value


def _readable(value: Path) -> Path:
    try:
        with value.open("rb"):
            return value
    except OSError as error:
        raise ValueError(f"must name a readable file ({error.strerror or type(error).__name__})") from error


def _split(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


Origin = Annotated[str, AfterValidator(_origin)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
Address = Annotated[str, AfterValidator(_address)]
ReadableFile = Annotated[Path, AfterValidator(_readable)]
Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,255}$")]


class Settings(BaseSettings):
    """Every setting of the authorizer. The environment variable is the field's name in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)

    environment: Literal["development", "production"] = "development"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    public_url: Annotated[str, AfterValidator(_https_origin)] = "https://localhost"
    policy_file: Path = Path("policy.yaml")
    allowed_origins: Annotated[tuple[Origin, ...], NoDecode, BeforeValidator(_split)] = ("http://localhost:6274",)

    grpc_listen: Address = "0.0.0.0:50051"
    http_listen: Address = "0.0.0.0:8090"
    ext_authz_workers: Annotated[int, Field(ge=1, le=64)] = 1
    tls_cert_file: ReadableFile = Path("certs/ext-authz.crt")
    tls_key_file: ReadableFile = Path("certs/ext-authz.key")
    tls_ca_file: ReadableFile = Path("certs/ca.crt")
    allowed_client_san: Word = "envoy"

    keycloak_url: HttpUrl = "http://keycloak:8080"
    keycloak_realm: Word = "mcp-gateway"
    keycloak_client_id: Word = "api-gateway"
    keycloak_client_secret: SecretStr = SecretStr(PLACEHOLDER_SECRET)

    backchannel_logout_url: HttpUrl = "http://ext-authz:8090/backchannel-logout"
    logout_replicas: Annotated[tuple[HttpUrl, ...], NoDecode, BeforeValidator(_split)] = ()

    introspection_ttl_seconds: Annotated[float, Field(ge=0, le=300)] = 5
    introspection_timeout_seconds: Annotated[float, Field(gt=0, lt=5)] = 4
    failed_introspections_per_minute: Annotated[int, Field(ge=0, le=100_000)] = 30
    introspection_cache_size: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000

    envoy_status_url: HttpUrl = "http://envoy:8081"

    @property
    def issuer(self) -> str:
        """The realm as tokens name it (the gateway's own URL, though introspection goes to ``keycloak_url``)."""
        return f"{self.public_url}/realms/{self.keycloak_realm}"

    @property
    def replicas(self) -> tuple[str, ...]:
        """Where other authorizers take logouts: unless told otherwise, at every address behind the name of our own."""
        return self.logout_replicas or (self.backchannel_logout_url,)

    @property
    def origins(self) -> frozenset[str]:
        """Origins whose pages may call. A page that the gateway itself served is always among them."""
        return frozenset((*self.allowed_origins, self.public_url))

    @model_validator(mode="after")
    def _refuse_placeholder_in_production(self) -> "Settings":
        secret = self.keycloak_client_secret.get_secret_value()
        if not secret:
            raise ValueError("KEYCLOAK_CLIENT_SECRET must not be empty")
        if self.environment == "production" and secret == PLACEHOLDER_SECRET:
            raise ValueError("KEYCLOAK_CLIENT_SECRET must not be the published placeholder when ENVIRONMENT=production")
        return self


def load_settings() -> Settings:
    """The settings in this process's environment. An empty variable counts as absent.

    Raises:
        SettingsError: a value is wrong; its text is one line.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError("; ".join(_sentence(fault) for fault in error.errors(include_input=False))) from None


def _sentence(fault: ErrorDetails) -> str:
    # Never the value: it may be the secret.
    text = fault["msg"].removeprefix("Value error, ")
    return f"{str(fault['loc'][0]).upper()}: {text}" if fault["loc"] else text
