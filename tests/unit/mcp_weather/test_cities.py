import pytest
from mcp_serving import ToolFailure
from mcp_weather.cities import Cities, distance_km, read_cities
from mcp_weather.provider import Coordinates


@pytest.fixture(scope="module")
def cities() -> Cities:
    return read_cities()


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("Paris", "Paris"),
        (" pARIS ", "Paris"),
        ("Paris, France", "Paris"),
        ("sao paulo", "São Paulo"),
        ("SÃO PAULO", "São Paulo"),
        ("Sa\u0303o Paulo", "São Paulo"),
        ("bogota", "Bogotá"),
        ("zurich", "Zurich"),
        ("zürich", "Zurich"),
        ("kobenhavn", "Copenhagen"),
        ("NYC", "New York"),
        ("New York, USA", "New York"),
        ("London,UK", "London"),
        ("istanbul, turkey", "Istanbul"),
        ("Istanbul, Türkiye", "Istanbul"),
        ("tel-aviv", "Tel Aviv"),
    ],
)
def test_a_city_is_found_as_people_type_it(cities: Cities, words: str, name: str) -> None:
    assert cities.find(words).names[0] == name


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("Pariss", "Did you mean: Paris, France?"),
        ("Paris, Texas", "Did you mean: Paris, France?"),
        ("Melborne", "Melbourne, Australia"),
        ("Kobenhaven", "Copenhagen, Denmark"),
        ("Atlantis-on-Sea", "Known cities: Amsterdam"),
        ("", "Known cities"),
        ("...", "Known cities"),
    ],
)
def test_an_unknown_city_is_answered_with_suggestions(cities: Cities, words: str, told: str) -> None:
    with pytest.raises(ToolFailure) as refused:
        cities.find(words)
    assert told in str(refused.value)


def test_coordinates_find_the_nearest_city(cities: Cities) -> None:
    assert cities.find(Coordinates(48.8, 2.1)).names[0] == "Paris"
    assert cities.find(Coordinates(-36.9, -185.3 + 360)).names[0] == "Auckland"


def test_coordinates_far_from_every_city_are_answered_with_the_nearest(cities: Cities) -> None:
    with pytest.raises(ToolFailure, match=r"nearest known city is Lagos, Nigeria, \d+ km away"):
        cities.find(Coordinates(0, 0))


def test_the_data_is_plausible(cities: Cities) -> None:
    for city in cities:
        assert len(city.months) == 12, city.label
        assert -90 <= city.at.latitude <= 90
        assert -180 <= city.at.longitude <= 180
        for month in city.months:
            assert -40 < month.low_c < month.high_c < 50, city.label
            assert 0 <= month.precipitation_mm < 1000
        january, july = city.months[0].high_c, city.months[6].high_c
        if abs(city.at.latitude) > 25:  # beyond the tropics summer is warmer, on either side of the equator
            assert (july > january) == (city.at.latitude > 0), city.label


def test_distances_are_those_of_a_sphere() -> None:
    assert distance_km(Coordinates(0, 0), Coordinates(0, 180)) == pytest.approx(20015, abs=1)
    assert distance_km(Coordinates(51.51, -0.13), Coordinates(48.86, 2.35)) == pytest.approx(344, abs=2)
    assert distance_km(Coordinates(10, 179.5), Coordinates(10, -179.5)) == pytest.approx(109.5, abs=1)
