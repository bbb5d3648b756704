"""What the weather tools answer. The field descriptions go to the model that called."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, Field, PlainSerializer, WithJsonSchema

Day = Annotated[
    date, PlainSerializer(date.isoformat, return_type=str), WithJsonSchema({"type": "string", "format": "date"})
]
UvCategory = Literal["low", "moderate", "high", "very high", "extreme"]
"""The exposure categories of WHO, "Global Solar UV Index: A Practical Guide" (2002), table 1."""

Celsius = Annotated[float, Field(description="Degrees Celsius.")]


class Place(BaseModel):
    """Where. The names are null where only coordinates were given."""

    name: str | None
    country: str | None
    latitude: float = Field(description="Degrees, north positive.")
    longitude: float = Field(description="Degrees, east positive.")


class Labelled(BaseModel):
    """Every answer says where it comes from and what it is worth."""

    source: str = Field(description="Where the numbers come from.")
    note: str = Field(description="What the numbers are, and are not. Tell the user.")


class DayOfWeather(BaseModel):
    date: Day
    high_c: Celsius
    low_c: Celsius
    precipitation_mm: float = Field(description="Millimetres in the day.")


class Forecast(Labelled):
    place: Place
    days: list[DayOfWeather] = Field(description="One entry a day (UTC), today first.")


class Alert(BaseModel):
    event: str
    severity: str
    description: str


class Alerts(Labelled):
    area: str
    known: bool = Field(description="False: the source cannot know whether alerts are in force.")
    alerts: list[Alert] | None = Field(description="The alerts in force; null if not known. An empty list means none.")


class UvIndex(Labelled):
    place: Place
    date: Day = Field(description="The day, in UTC.")
    peak_uv_index: float = Field(description="The highest of the day.")
    peak_time_utc: str = Field(description="When that is, as HH:MM in UTC.")
    peak_category: UvCategory
    hour_utc: int | None = Field(description="The hour asked for, or null.")
    uv_index: float | None = Field(description="The index at that hour, or null.")
