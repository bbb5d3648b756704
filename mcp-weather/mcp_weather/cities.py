"""The cities whose climate is known here, and finding one by a name as people type it or by coordinates."""

import difflib
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import resources

from mcp_serving import ToolFailure

from mcp_weather.provider import Coordinates, Where

NEAR_KM = 100.0
"""Coordinates farther than this from every city have no climate here."""


@dataclass(frozen=True, slots=True)
class Month:
    """Means of a day's high and low in degrees Celsius, and the month's precipitation in millimetres."""

    high_c: float
    low_c: float
    precipitation_mm: float


@dataclass(frozen=True, slots=True)
class City:
    """``names``: the one that is shown, then others it goes by. ``months``: January first."""

    names: tuple[str, ...]
    country: str
    at: Coordinates
    months: tuple[Month, ...]

    @property
    def label(self) -> str:
        return f"{self.names[0]}, {self.country}"


class Cities:
    """Finds cities. Built once, read only."""

    def __init__(self, cities: Iterable[City]) -> None:
        self._cities = tuple(cities)
        self._by_name = {folded(name): city for city in self._cities for name in city.names}

    def __iter__(self) -> Iterator[City]:
        return iter(self._cities)

    def find(self, where: Where) -> City:
        """
        Raises:
            ToolFailure: no such city; the text suggests those that may have been meant.
        """
        return self._by_words(where) if isinstance(where, str) else self._nearest(where)

    def _by_words(self, words: str) -> City:
        name, _, country = words.partition(",")
        city = self._by_name.get(folded(name))
        if city and (not country.strip() or _same_country(country, city.country)):
            return city
        raise ToolFailure(f"No climate data for {words!r}. {self._suggestion(name)}")

    def _suggestion(self, name: str) -> str:
        close = difflib.get_close_matches(folded(name), self._by_name, n=3, cutoff=0.6)
        labels = dict.fromkeys(self._by_name[folded].label for folded in close)
        if labels:
            return f"Did you mean: {'; '.join(labels)}?"
        return f"Known cities: {', '.join(city.names[0] for city in self._cities)}."

    def _nearest(self, at: Coordinates) -> City:
        city = min(self._cities, key=lambda city: distance_km(at, city.at))
        distance = distance_km(at, city.at)
        if distance > NEAR_KM:
            raise ToolFailure(
                f"No climate data within {NEAR_KM:.0f} km of {at.latitude}, {at.longitude}. "
                f"The nearest known city is {city.label}, {distance:.0f} km away."
            )
        return city


def read_cities() -> Cities:
    """Read the normals that come with this package."""
    text = resources.files("mcp_weather").joinpath("normals.csv").read_text(encoding="utf-8")
    return Cities(_city(line) for line in text.splitlines() if line and not line.startswith("#"))


def distance_km(a: Coordinates, b: Coordinates) -> float:
    """The great-circle distance on a sphere of 6371 km, by the haversine formula."""
    north = math.radians(b.latitude - a.latitude)
    east = math.radians(b.longitude - a.longitude)
    scale = math.cos(math.radians(a.latitude)) * math.cos(math.radians(b.latitude))
    half_chord = math.sin(north / 2) ** 2 + scale * math.sin(east / 2) ** 2
    return 2 * 6371.0 * math.asin(math.sqrt(min(1.0, half_chord)))


def _city(line: str) -> City:
    names, country, latitude, longitude, *columns = line.split(";")
    highs, lows, rain = ([float(number) for number in column.split()] for column in columns)
    months = tuple(Month(*of_month) for of_month in zip(highs, lows, rain, strict=True))
    return City(tuple(names.split("/")), country, Coordinates(float(latitude), float(longitude)), months)


_COUNTRY_ALIASES = {
    "us": "united states",
    "usa": "united states",
    "uk": "united kingdom",
    "england": "united kingdom",
    "uae": "united arab emirates",
    "turkey": "turkiye",
    "czech republic": "czechia",
    "korea": "south korea",
    "the netherlands": "netherlands",
}


def _same_country(typed: str, country: str) -> bool:
    name = folded(typed)
    return _COUNTRY_ALIASES.get(name, name) == folded(country)


def folded(name: str) -> str:
    """``name`` without case, accents and punctuation, for comparing."""
    # Unicode's compatibility decomposition takes accents off as marks of their own; a slash through a letter it keeps.
    decomposed = unicodedata.normalize("NFKD", name.casefold().replace("ø", "o").replace("ł", "l").replace("đ", "d"))
    letters = "".join(char for char in decomposed if not unicodedata.combining(char))
    return re.sub(r"[\W_]+", " ", letters).strip()
