"""Finding places: what is asked, and what becomes of each kind of answer."""

from typing import Any

import pytest
from mcp_serving import ToolFailure
from mcp_weather.places import Places
from mcp_weather.provider import Coordinates
from mcp_weather.service import Reason, Refusal, Service, ServiceFailure

from tests.support.fake_fetch import FakeFetch
from tests.support.weather_answers import PARIS, PARIS_TEXAS, TEXAS, search

SERVICE = Service("The search", "https://places.test", 60)


def places(fetch: FakeFetch) -> Places:
    return Places(fetch, SERVICE)


async def test_the_likeliest_place_is_taken_and_its_namesakes_are_told() -> None:
    fetch = FakeFetch(search(PARIS, PARIS_TEXAS, PARIS_TEXAS))
    spot = await places(fetch).find("Paris")
    assert (spot.at, spot.name, spot.country) == (Coordinates(48.85341, 2.3488), "Paris, Île-de-France", "France")
    assert spot.others == ("Paris, Texas, United States",)
    assert fetch.asked == [
        {"path": "/v1/search", "name": "Paris", "count": "10", "language": "en", "format": "json"},
    ]


async def test_what_follows_a_comma_narrows_the_search_at_the_service() -> None:
    fetch = FakeFetch(search(PARIS_TEXAS))
    spot = await places(fetch).find("Paris, TX")
    assert (spot.label, spot.others) == ("Paris, Texas, United States", ())
    assert fetch.asked[0]["name"] == "Paris, TX"


@pytest.mark.parametrize("area", ["Texas", "united states", " US"])
async def test_what_follows_a_comma_narrows_the_search_where_the_service_does_not_know_commas(area: str) -> None:
    fetch = FakeFetch(search(), search(PARIS, PARIS_TEXAS))
    assert (await places(fetch).find(f"Paris,{area}")).name == "Paris, Texas"
    assert [asked["name"] for asked in fetch.asked] == [f"Paris,{area}", "Paris"]


async def test_a_place_that_is_not_where_it_was_said_to_be_is_answered_with_those_that_are_known() -> None:
    with pytest.raises(ToolFailure) as refused:
        await places(FakeFetch(search(), search(PARIS, PARIS_TEXAS))).find("Paris, Atlantis")
    assert "knows no place 'Paris, Atlantis'" in str(refused.value)
    assert "Did you mean: Paris, Île-de-France, France; Paris, Texas, United States?" in str(refused.value)


async def test_an_unknown_place_is_answered_with_what_to_try_instead() -> None:
    fetch = FakeFetch(search())
    with pytest.raises(ToolFailure, match=r"knows no place 'Xyzzy'.*latitude and longitude"):
        await places(fetch).find("Xyzzy")
    assert len(fetch.asked) == 1


async def test_a_state_is_an_area_and_a_city_is_not() -> None:
    assert (await places(FakeFetch(search(TEXAS))).find("Texas")).is_area
    assert not (await places(FakeFetch(search(PARIS))).find("Paris")).is_area


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"error": True, "reason": "no"},
        {"generationtime_ms": 1, "results": None},
        search({**PARIS, "latitude": "48.85"}),
        search({**PARIS, "latitude": 148.85}),
        search({**PARIS, "name": None}),
        search({key: value for key, value in PARIS.items() if key != "longitude"}),
        search({**PARIS, "name": "P" * 201}),
    ],
)
async def test_an_answer_that_is_not_as_documented_is_no_place(answer: Any) -> None:
    with pytest.raises(ServiceFailure) as failed:
        await places(FakeFetch(answer)).find("Paris")
    assert failed.value.reason is Reason.UNREADABLE


async def test_a_refused_search_is_the_operators_business() -> None:
    with pytest.raises(ServiceFailure, match=r"The search refused this server \(HTTP 404\)") as failed:
        await places(FakeFetch(Refusal(SERVICE, 404, b""))).find("Paris")
    assert failed.value.reason is Reason.REFUSED
