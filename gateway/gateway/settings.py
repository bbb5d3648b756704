"""What the runner can be told, read once from the environment; the command line goes over it.

Every setting is an environment variable of the same name in capitals (`https_port` is `HTTPS_PORT`), and most have an
option on `mcp-gateway up`. A bad value ends the start with one line that names the variable.
"""

import os
import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from gateway.runner.errors import BadSetting

Port = Annotated[int, Field(ge=1, le=65535)]
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
DEFAULT_PORTS = {"https": 443, "http": 80}
HOST_NAME = re.compile(r"([a-z0-9-]+\.)*[a-z][a-z0-9-]*")  # the last label of a name is no number


class Settings(BaseSettings):
    """One stack: where it listens, how clients see it, and where it keeps its files."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, validate_default=True)

    home: Path
    environment: Literal["development", "production"] = "development"
    public_url: str = ""
    bind_address: str = "127.0.0.1"
    https_port: Port = 8443
    http_port: Port = 8088
    dashboard_port: Port = 8081
    keycloak_port: Port = 8080
    keycloak_management_port: Port = 9000
    authz_port: Port = 50051
    authz_http_port: Port = 8090
    weather_port: Port = 8000
    calculator_port: Port = 8001
    envoy_admin_port: Port = 9901
    ext_authz_workers: Annotated[int, Field(ge=1, le=64)] = 1
    certs_dir: Path = Path()
    state_dir: Path = Path()
    cache_dir: Path = Path()
    policy_file: Path = Path()
    keycloak_url: str = ""
    client_id_metadata_hosts: str = ""
    kc_bootstrap_admin_username: str = "admin"
    kc_bootstrap_admin_password: SecretStr = SecretStr("admin")
    keycloak_client_secret: SecretStr = SecretStr("api-gateway-secret-change-me")
    mcp_machine_secret: SecretStr = SecretStr("mcp-machine-secret-change-me")

    @field_validator("bind_address")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        return str(ip_address(value))

    @field_validator("public_url")
    @classmethod
    def _is_an_origin(cls, value: str) -> str:
        return origin(value) if value else value

    @field_validator("keycloak_url")
    @classmethod
    def _is_reached_in_the_clear(cls, value: str) -> str:
        # Envoy's cluster "keycloak" speaks plain HTTP: such a Keycloak is a neighbour in a network that is trusted
        if value and (
            urlsplit(value).scheme != "http" or not urlsplit(value).hostname or urlsplit(value).path.strip("/")
        ):
            raise ValueError("it is not like http://keycloak.internal:8080, which Envoy and the authorizer can reach")
        return value.rstrip("/")

    @field_validator("client_id_metadata_hosts")
    @classmethod
    def _are_whole_names(cls, value: str) -> str:
        # Keycloak reads documents from these and from nowhere else, so a pattern or an address is a mistake
        names = [name.strip() for name in value.split(",") if name.strip()]
        for name in names:
            if not HOST_NAME.fullmatch(name):
                raise ValueError(f"{name!r} is not a host's whole name in lower case, such as claude.ai")
        return ",".join(dict.fromkeys(names))

    @model_validator(mode="before")
    @classmethod
    def _fill_in_what_depends_on_the_rest(cls, values: dict[str, object]) -> dict[str, object]:
        home = Path(str(values["home"]))
        places: dict[str, object] = {
            "certs_dir": home / "certs",
            "state_dir": home / ".gateway" / "run",
            "cache_dir": home / ".gateway" / "cache",
            "policy_file": home / "ext-authz" / "policy.yaml",
        }
        return {**places, **values, "home": home}

    @field_validator("certs_dir", "state_dir", "cache_dir", "policy_file", "home")
    @classmethod
    def _is_absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @model_validator(mode="after")
    def _no_port_is_given_twice(self) -> Self:
        seen: dict[int, str] = {}
        for name, port in self.ports():
            if port in seen:
                raise ValueError(f"{seen[port].upper()} and {name.upper()} are both {port}: give one another port")
            seen[port] = name
        return self

    @model_validator(mode="after")
    def _each_worker_has_a_port(self) -> Self:
        if self.authz_port + self.ext_authz_workers - 1 > 65535:  # noqa: PLR2004 - the largest port
            raise ValueError("AUTHZ_PORT and EXT_AUTHZ_WORKERS: each worker has a port, counted on from the first")
        return self

    @model_validator(mode="after")
    def _metadata_documents_are_read_by_a_keycloak_of_ours(self) -> Self:
        if self.client_id_metadata_hosts and self.keycloak_url:
            raise ValueError(
                "CLIENT_ID_METADATA_HOSTS and KEYCLOAK_URL: only the gateway's own Keycloak is built for it"
            )
        return self

    def named_ports(self) -> dict[str, int]:
        """The port of each setting that is one."""
        return {name: getattr(self, name) for name in type(self).model_fields if name.endswith("_port")}

    def ports(self) -> Iterator[tuple[str, int]]:
        """Every port of the stack with the name of its setting. The authorizer has one for each worker."""
        yield from self.named_ports().items()
        for more in range(1, self.ext_authz_workers):
            yield "authz_port", self.authz_port + more

    @property
    def is_production(self) -> bool:
        """Whether what is published in this repository (passwords, the test user) must not open anything."""
        return self.environment == "production"

    @property
    def origin(self) -> str:
        """Scheme, host and port as clients see them; without a port where it is the scheme's own."""
        return self.public_url or origin(f"https://localhost:{self.https_port}")

    @property
    def public_host(self) -> str:
        """The host in the origin, as a certificate names it."""
        return str(urlsplit(self.origin).hostname)

    @property
    def metadata_hosts(self) -> tuple[str, ...]:
        """Whose client-ID metadata documents are read (docs/client-id-metadata.md); none: the feature is off."""
        return tuple(filter(None, self.client_id_metadata_hosts.split(",")))

    @property
    def keycloak_is_ours(self) -> bool:
        """Whether this stack runs a Keycloak of its own."""
        return not self.keycloak_url

    @property
    def keycloak_admin_url(self) -> str:
        """Where its console and its admin API are."""
        return self.keycloak_url or f"http://localhost:{self.keycloak_port}"

    @property
    def keycloak_address(self) -> tuple[str, int]:
        """Host and port at which Envoy and the authorizer reach Keycloak."""
        parts = urlsplit(self.keycloak_url)
        return (
            (parts.hostname or "127.0.0.1", parts.port or 80)
            if self.keycloak_url
            else ("127.0.0.1", self.keycloak_port)
        )

    @property
    def admin_password_is_default(self) -> bool:
        """Whether nobody said what Keycloak's administrator's password is."""
        return bool(self.kc_bootstrap_admin_password == type(self).model_fields["kc_bootstrap_admin_password"].default)

    def as_environment(self) -> dict[str, str]:
        """These settings as variables, for a process that reads them again."""
        return {name.upper(): _plain(getattr(self, name)) for name in type(self).model_fields if name != "home"} | {
            "MCP_GATEWAY_HOME": str(self.home)
        }


def load_settings(**given: object) -> Settings:
    """Settings from the environment; what is in `given` (and not None) goes over them.

    Raises:
        BadSetting: a value cannot be used; the text names the variable and says why.
    """
    try:
        return Settings(home=find_home(os.environ), **{k: v for k, v in given.items() if v is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        raise BadSetting(_sentence(error)) from error


def find_home(environment: Mapping[str, str]) -> Path:
    """The checkout: `MCP_GATEWAY_HOME`, else where this (editable) package lies."""
    named = environment.get("MCP_GATEWAY_HOME")
    home = Path(named).expanduser().absolute() if named else Path(__file__).resolve().parents[2]
    if not (home / "keycloak").is_dir() or not (home / "envoy").is_dir():
        raise BadSetting(f"MCP_GATEWAY_HOME: {home} is not the project's checkout (it has no envoy/ and keycloak/)")
    return home


def origin(url: str) -> str:
    """`url` as an origin (RFC 6454): lower case, without the scheme's own port.

    Raises:
        ValueError: it has more than scheme, host and port, or is plain HTTP for a host that is not this machine
            (MCP authorization: "All authorization server endpoints MUST be served over HTTPS").
    """
    parts = urlsplit(url)
    host, port = parts.hostname, parts.port
    if parts.scheme not in DEFAULT_PORTS or not host or parts.username or parts.password:
        raise ValueError(f"{url!r} is not an origin such as https://gateway.example:8443")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError(f"{url!r} has more than scheme, host and port")
    if parts.scheme == "http" and host not in LOOPBACK_NAMES:
        raise ValueError(f"{url!r} would show tokens to the network: it must be https")
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port and port != DEFAULT_PORTS[parts.scheme] else "")


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    reason = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        return reason
    name = str(first["loc"][0])
    option = f" (--{name.replace('_', '-')})" if name.endswith("_port") or name == "public_url" else ""
    return f"{name.upper()}{option}: {first['input']!r} cannot be used: {reason}"


def _plain(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
