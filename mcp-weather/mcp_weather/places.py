"""Finding a place by its name, at Open-Meteo's geocoding API (``/v1/search``, which searches GeoNames)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from mcp_serving import ToolFailure
from pydantic import Field

from mcp_weather.cities import folded
from mcp_weather.provider import Coordinates
from mcp_weather.service import Fetch, Reason, Refusal, Service, ServiceFailure, Wire

Text = Annotated[str, Field(max_length=200)]

SEARCH_COUNT = 10
"""How many places are asked for: the likeliest, and those that may have been meant."""

AREAS = ("PCL", "ADM", "RGN", "CONT")
"""How GeoNames' codes of countries, administrative areas, regions and continents begin."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A point, with the names that it was found by. ``others`` are labels of places with the same name."""

    at: Coordinates
    name: str | None = None
    country: str | None = None
    country_code: str | None = None
    is_area: bool = False
    others: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        names = [part for part in (self.name, self.country) if part]
        return ", ".join(names) if names else f"{self.at.latitude}, {self.at.longitude}"


class _Found(Wire):
    """One of "results" in "JSON Return Object" of open-meteo.com/en/docs/geocoding-api; empty members are left out."""

    name: Text
    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]
    country: Text | None = None
    country_code: Text | None = None
    admin1: Text | None = None
    feature_code: Text | None = None

    @property
    def full_name(self) -> str:
        return self.name if self.admin1 in {None, self.name} else f"{self.name}, {self.admin1}"

    @property
    def label(self) -> str:
        return ", ".join(part for part in (self.full_name, self.country) if part)

    def lies_in(self, area: str) -> bool:
        return folded(area) in {folded(name) for name in (self.country, self.country_code, self.admin1) if name}


class _Search(Wire):
    """Without matches there are no "results", so the other member is what tells the answer from any other object."""

    generationtime_ms: float
    results: Annotated[tuple[_Found, ...], Field(max_length=100)] = ()


class Places:
    """Finds places."""

    def __init__(self, fetch: Fetch, service: Service) -> None:
        self._fetch = fetch
        self._service = service

    async def find(self, words: str) -> Spot:
        """The likeliest place of that name; "Paris, Texas" is narrowed by what follows the comma.

        Raises:
            ToolFailure: there is none (the text suggests others), or the service does not answer.
        """
        found = await self._search(words)
        if found:
            return _spot(found, words)
        name, comma, area = words.partition(",")
        # An older service of one's own does not know the comma, and any does not know every area.
        found = await self._search(name.strip()) if comma else ()
        inside = [place for place in found if place.lies_in(area)]
        if inside:
            return _spot(inside, words)
        raise ToolFailure(f"{self._service.name} knows no place {words!r}. {_instead(found)}")

    async def _search(self, name: str) -> Sequence[_Found]:
        params = {"name": name, "count": str(SEARCH_COUNT), "language": "en", "format": "json"}
        try:
            return (await self._fetch.get(self._service, "/v1/search", params, _Search)).results
        except Refusal as refusal:
            raise ServiceFailure(self._service, Reason.REFUSED, status=refusal.status) from refusal


def _spot(found: Sequence[_Found], words: str) -> Spot:
    first, *rest = found
    namesakes = [place.label for place in rest if folded(place.name) == folded(first.name)]
    return Spot(
        at=Coordinates(first.latitude, first.longitude),
        name=first.full_name,
        country=first.country,
        country_code=first.country_code,
        is_area=(first.feature_code or "").startswith(AREAS),
        others=() if "," in words else tuple(dict.fromkeys(label for label in namesakes if label != first.label)),
    )


def _instead(found: Sequence[_Found]) -> str:
    labels = list(dict.fromkeys(place.label for place in found))[:3]
    if labels:
        return f"Did you mean: {'; '.join(labels)}?"
    return (
        "Check the spelling; give a town rather than a street or a landmark, with its country or state after a comma; "
        "or give latitude and longitude."
    )
