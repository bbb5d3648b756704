"""Where the sun stands, and the ultraviolet index of a clear sky that follows from it."""

import math
from dataclasses import dataclass
from datetime import date

from mcp_weather.models import UvCategory
from mcp_weather.provider import Coordinates

OZONE_DU = 300.0
"""Dobson units; a usual column of ozone, as the real one is not known here."""


@dataclass(frozen=True, slots=True)
class Sun:
    """One day's sun: its declination in radians, and the equation of time in minutes (sundial minus clock)."""

    declination: float
    equation_of_time: float


def sun_of(day: date) -> Sun:
    """The sun at noon UTC, by the Fourier series (Spencer 1971) in NOAA's "General Solar Position Calculations".

    They are good to about 0.01 rad and 1 minute, far better than the index needs.
    """
    g = 2 * math.pi / 365 * (day.timetuple().tm_yday - 1)
    declination = (
        0.006918
        - 0.399912 * math.cos(g)
        + 0.070257 * math.sin(g)
        - 0.006758 * math.cos(2 * g)
        + 0.000907 * math.sin(2 * g)
        - 0.002697 * math.cos(3 * g)
        + 0.00148 * math.sin(3 * g)
    )
    minutes = 229.18 * (
        0.000075
        + 0.001868 * math.cos(g)
        - 0.032077 * math.sin(g)
        - 0.014615 * math.cos(2 * g)
        - 0.040849 * math.sin(2 * g)
    )
    return Sun(declination, minutes)


def solar_noon_minutes(sun: Sun, at: Coordinates) -> float:
    """Minutes after midnight UTC, 0 to 1440, when the sun stands highest (NOAA: 720 - 4·longitude - eqtime)."""
    return (720 - 4 * at.longitude - sun.equation_of_time) % 1440


def cos_zenith(sun: Sun, at: Coordinates, minutes_utc: float) -> float:
    """The cosine of the angle between the sun and the zenith (NOAA); negative while the sun is down."""
    hour_angle = math.radians((minutes_utc - solar_noon_minutes(sun, at)) / 4)
    latitude = math.radians(at.latitude)
    return math.sin(latitude) * math.sin(sun.declination) + math.cos(latitude) * math.cos(sun.declination) * math.cos(
        hour_angle
    )


def clear_sky_uv_index(cos_of_zenith: float, ozone_du: float = OZONE_DU) -> float:
    """UVI = 12.5 · cos(zenith)^2.42 · (ozone / 300 DU)^-1.23, at sea level under a clear sky; 0 while the sun is down.

    Madronich, "Analytic Formula for the Clear-sky UV Index", Photochemistry and Photobiology 83 (2007), 1537-1538.
    """
    if cos_of_zenith <= 0:
        return 0.0
    return float(12.5 * cos_of_zenith**2.42 * (ozone_du / 300) ** -1.23)


def uv_category(index: float) -> UvCategory:
    """WHO's category of an index, which WHO rounds to a whole number first."""
    bounds: tuple[tuple[int, UvCategory], ...] = ((2, "low"), (5, "moderate"), (7, "high"), (10, "very high"))
    return next((category for bound, category in bounds if round(index) <= bound), "extreme")
