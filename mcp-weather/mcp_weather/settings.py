"""The weather server's settings: those of every server, and where its weather comes from."""

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from mcp_serving.settings import ServerSettings
from pydantic import AfterValidator, Field, model_validator


def _base_url(value: str) -> str:
    parts = urlsplit(value)
    plain = not (parts.query or parts.fragment or "@" in parts.netloc)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not plain or parts.port == 0:
        raise ValueError("must be the address of a service, such as https://weather.example.org")
    return value.rstrip("/")


BaseUrl = Annotated[str, AfterValidator(_base_url)]
Contact = Annotated[str, Field(pattern=r"^[A-Za-z0-9@:/._+~-]{0,200}$")]


class WeatherSettings(ServerSettings):
    """``weather_provider``: ``offline`` needs no network, ``open-meteo`` asks the services at the URLs.

    ``weather_contact``: an e-mail address or URL of whoever runs this server, which the services are told.
    ``weather_timeout_seconds``: for one question to one service. ``weather_cache_seconds``: how long answers are kept;
    0 keeps none. Mutual TLS is not optional here.
    """

    weather_provider: Literal["offline", "open-meteo"] = "offline"
    open_meteo_url: BaseUrl = "https://api.open-meteo.com"
    open_meteo_geocoding_url: BaseUrl = "https://geocoding-api.open-meteo.com"
    nws_url: BaseUrl = "https://api.weather.gov"
    weather_contact: Contact = ""
    weather_timeout_seconds: Annotated[float, Field(gt=0, le=30)] = 8
    weather_cache_seconds: Annotated[float, Field(ge=0, le=86400)] = 600

    @model_validator(mode="after")
    def _mutual_tls(self) -> Self:
        if self.tls_files is None:
            raise ValueError(
                "TLS_CERT_FILE: must be set, with TLS_KEY_FILE and TLS_CA_FILE: this server has no plain HTTP"
            )
        return self
