"""The weather server's settings: those of every server, and where its weather comes from."""

from typing import Literal, Self

from mcp_serving.settings import ServerSettings
from pydantic import model_validator


class WeatherSettings(ServerSettings):
    """``weather_provider``: ``offline`` needs no network. Mutual TLS is not optional here."""

    weather_provider: Literal["offline"] = "offline"

    @model_validator(mode="after")
    def _mutual_tls(self) -> Self:
        if self.tls_files is None:
            raise ValueError(
                "TLS_CERT_FILE: must be set, with TLS_KEY_FILE and TLS_CA_FILE: this server has no plain HTTP"
            )
        return self
