"""What Open-Meteo and the US National Weather Service answer, in the form that each documents."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

PARIS = {
    "id": 2988507,
    "name": "Paris",
    "latitude": 48.85341,
    "longitude": 2.3488,
    "elevation": 42.0,
    "feature_code": "PPLC",
    "country_code": "FR",
    "admin1_id": 3012874,
    "timezone": "Europe/Paris",
    "population": 2138551,
    "country_id": 3017382,
    "country": "France",
    "admin1": "Île-de-France",
}
PARIS_TEXAS = {
    "id": 4717560,
    "name": "Paris",
    "latitude": 33.66094,
    "longitude": -95.55551,
    "feature_code": "PPLA2",
    "country_code": "US",
    "country": "United States",
    "admin1": "Texas",
}
TEXAS = {
    "id": 4736286,
    "name": "Texas",
    "latitude": 31.25044,
    "longitude": -99.25061,
    "feature_code": "ADM1",
    "country_code": "US",
    "country": "United States",
    "admin1": "Texas",
}
OUT_OF_BOUNDS = {
    "correlationId": "2710a4",
    "title": "Invalid Parameter",
    "type": "https://api.weather.gov/problems/InvalidParameter",
    "status": 400,
    "detail": 'Parameter "point" is invalid: out of bounds',
    "instance": "https://api.weather.gov/requests/2710a4",
}
OUT_OF_RANGE = {
    "reason": "Parameter 'start_date' is out of allowed range from 2026-08-23 to 2026-12-09",
    "error": True,
}
HOURLY_LIMIT = {"error": True, "reason": "Hourly API request limit exceeded. Please try again in the next hour."}


def search(*places: Mapping[str, Any]) -> dict[str, Any]:
    """Without matches, "results" is left out."""
    return ({"results": list(places)} if places else {}) | {"generationtime_ms": 0.37}


def weather(first: str, days: int, **changes: Any) -> dict[str, Any]:
    """``changes`` go over the members of "daily"."""
    daily = {
        "time": [(date.fromisoformat(first) + timedelta(days=number)).isoformat() for number in range(days)],
        "temperature_2m_max": [9.4 + number for number in range(days)],
        "temperature_2m_min": [3 - number for number in range(days)],
        "precipitation_sum": [0.3 * number for number in range(days)],
    }
    units = {"temperature_2m_max": "°C", "temperature_2m_min": "°C", "precipitation_sum": "mm"}
    return _about_the_point() | {"daily_units": {"time": "iso8601", **units}, "daily": daily | changes}


def uv(day: str, **changes: Any) -> dict[str, Any]:
    """A day with its peak of 5.85 at 12:00; ``changes`` go over "uv_index" and "uv_index_max"."""
    hours = [0.0] * 9 + [1.2, 3.1, 5.0, 5.8, 4.9, 3.0, 1.1] + [0.0] * 8
    return _about_the_point() | {
        "hourly_units": {"time": "iso8601", "uv_index": ""},
        "hourly": {"time": [f"{day}T{hour:02}:00" for hour in range(24)], "uv_index": changes.get("uv_index", hours)},
        "daily_units": {"time": "iso8601", "uv_index_max": ""},
        "daily": {"time": [day], "uv_index_max": [changes.get("uv_index_max", 5.85)]},
    }


def alert(event: str = "Winter Storm Warning", **changes: Any) -> dict[str, Any]:
    properties = {
        "@id": "https://api.weather.gov/alerts/urn:oid:2.49.0.1.840.0.1",
        "@type": "wx:Alert",
        "id": "urn:oid:2.49.0.1.840.0.1",
        "areaDesc": "Lamar, TX",
        "sent": "2026-11-23T03:12:00-06:00",
        "effective": "2026-11-23T03:12:00-06:00",
        "onset": "2026-11-23T18:00:00-06:00",
        "expires": "2026-11-23T12:15:00-06:00",
        "ends": None,
        "status": "Actual",
        "messageType": "Alert",
        "category": "Met",
        "severity": "Severe",
        "certainty": "Likely",
        "urgency": "Expected",
        "event": event,
        "senderName": "NWS Fort Worth TX",
        "headline": f"{event} issued November 23 at 3:12AM CST by NWS Fort Worth TX",
        "description": "* WHAT...Heavy snow expected.",
        "instruction": "If you must travel, keep an extra flashlight in your vehicle.",
        "response": "Prepare",
    }
    return {"id": properties["@id"], "type": "Feature", "geometry": None, "properties": properties | changes}


def alerts(*features: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "@context": ["https://geojson.org/geojson-ld/geojson-context.jsonld", {"@version": "1.1"}],
        "type": "FeatureCollection",
        "features": list(features),
        "title": "Current watches, warnings, and advisories for 33.6609 N, 95.5555 W",
        "updated": "2026-11-23T09:00:00+00:00",
    }


def _about_the_point() -> dict[str, Any]:
    return {
        "latitude": 48.86,
        "longitude": 2.3399997,
        "generationtime_ms": 0.06,
        "utc_offset_seconds": 0,
        "timezone": "GMT",
        "timezone_abbreviation": "GMT",
        "elevation": 38.0,
    }
