import math
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp_weather.provider import Coordinates
from mcp_weather.sun import clear_sky_uv_index, cos_zenith, solar_noon_minutes, sun_of, uv_category

DAYS = st.dates(date(1990, 1, 1), date(2090, 1, 1))
PLACES = st.builds(Coordinates, st.floats(-90, 90), st.floats(-180, 180))


@pytest.mark.parametrize(
    ("day", "degrees"),
    [
        (date(2026, 3, 20), 0.0),
        (date(2026, 6, 21), 23.44),
        (date(2026, 9, 23), 0.0),
        (date(2026, 12, 21), -23.44),
    ],
)
def test_the_declination_is_that_of_the_solstices_and_equinoxes(day: date, degrees: float) -> None:
    assert math.degrees(sun_of(day).declination) == pytest.approx(degrees, abs=0.6)


@pytest.mark.parametrize(
    ("day", "minutes"), [(date(2026, 2, 11), -14.2), (date(2026, 11, 3), 16.4), (date(2026, 4, 15), 0.0)]
)
def test_the_equation_of_time_is_that_of_the_almanac(day: date, minutes: float) -> None:
    assert sun_of(day).equation_of_time == pytest.approx(minutes, abs=0.6)


@settings(deadline=None)
@given(DAYS, PLACES, st.floats(0, 1440))
def test_the_sun_never_stands_higher_than_at_solar_noon(day: date, at: Coordinates, minutes: float) -> None:
    sun = sun_of(day)
    noon = cos_zenith(sun, at, solar_noon_minutes(sun, at))
    assert cos_zenith(sun, at, minutes) <= noon + 1e-9
    latitude_to_sun = math.radians(at.latitude) - sun.declination
    assert noon == pytest.approx(math.cos(latitude_to_sun), abs=1e-9)


@settings(deadline=None)
@given(DAYS, PLACES, st.floats(0, 1440))
def test_the_index_is_between_none_and_that_of_an_overhead_sun(day: date, at: Coordinates, minutes: float) -> None:
    assert 0 <= clear_sky_uv_index(cos_zenith(sun_of(day), at, minutes)) <= 12.5


def test_the_index_follows_the_published_formula() -> None:
    assert clear_sky_uv_index(1.0) == pytest.approx(12.5)
    assert clear_sky_uv_index(0.5) == pytest.approx(2.336, abs=0.001)
    assert clear_sky_uv_index(1.0, ozone_du=350) == pytest.approx(10.34, abs=0.01)
    assert clear_sky_uv_index(-0.1) == 0


@pytest.mark.parametrize(
    ("index", "category"),
    [
        (0, "low"),
        (2.4, "low"),
        (2.6, "moderate"),
        (5.6, "high"),
        (7.6, "very high"),
        (10.4, "very high"),
        (11, "extreme"),
    ],
)
def test_categories_are_those_of_who(index: float, category: str) -> None:
    assert uv_category(index) == category
