"""Alerts: what is asked, and what becomes of each kind of answer."""

import json
from typing import Any

import pytest
from mcp_weather.models import Alert
from mcp_weather.provider import Coordinates
from mcp_weather.service import Reason, Refusal, Service, ServiceFailure
from mcp_weather.us_alerts import UsAlerts

from tests.support.fake_fetch import FakeFetch
from tests.support.weather_answers import OUT_OF_BOUNDS, alert, alerts

SERVICE = Service("The warner", "https://alerts.test", 60)
PARIS_TEXAS = Coordinates(33.66094, -95.55551)


async def active(answer: Any) -> list[Alert] | None:
    return await UsAlerts(FakeFetch(answer), SERVICE).active(PARIS_TEXAS)


async def test_an_alert_is_its_event_its_severity_and_what_to_do() -> None:
    assert await active(alerts(alert())) == [
        Alert(
            event="Winter Storm Warning",
            severity="Severe",
            description="* WHAT...Heavy snow expected.\n\n"
            "If you must travel, keep an extra flashlight in your vehicle.",
        )
    ]


@pytest.mark.parametrize(
    ("at", "point"),
    [
        (PARIS_TEXAS, "33.6609,-95.5555"),
        (Coordinates(40.0, -75.5), "40,-75.5"),
        (Coordinates(0, -0.00001), "0,0"),
        (Coordinates(13.44445, 144.79), "13.4444,144.79"),
        (Coordinates(-0.5, 100), "-0.5,100"),
    ],
)
async def test_a_point_is_written_as_the_service_takes_it(at: Coordinates, point: str) -> None:
    fetch = FakeFetch(alerts())
    await UsAlerts(fetch, SERVICE).active(at)
    assert fetch.asked == [{"path": "/alerts/active", "status": "actual", "point": point}]


async def test_no_features_mean_that_none_is_in_force() -> None:
    assert await active(alerts()) == []


async def test_tests_and_cancellations_are_not_in_force() -> None:
    features = (alert(status="Test"), alert(messageType="Cancel"), alert("Flood Watch", messageType="Update"))
    assert [known.event for known in await active(alerts(*features)) or []] == ["Flood Watch"]


async def test_the_worst_comes_first_and_what_is_not_graded_before_it() -> None:
    grades = ("Minor", "Extreme", "Unknown", "Moderate", "Severe")
    known = await active(alerts(*(alert(severity=grade) for grade in grades)))
    assert [each.severity for each in known or []] == ["Unknown", "Extreme", "Severe", "Moderate", "Minor"]


async def test_a_headline_stands_in_for_a_description_and_long_texts_are_cut() -> None:
    features = (alert(description=None, instruction=None), alert(description="x" * 5000))
    short, long = (each.description for each in await active(alerts(*features)) or [])
    assert short.startswith("Winter Storm Warning issued November 23")
    assert (len(long), long[-1]) == (2000, "…")


async def test_a_point_out_of_bounds_has_no_known_alerts_rather_than_none() -> None:
    assert await active(Refusal(SERVICE, 400, json.dumps(OUT_OF_BOUNDS).encode())) is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        json.dumps(OUT_OF_BOUNDS | {"detail": 'Query parameter "status" is not recognized'}).encode(),
        json.dumps(OUT_OF_BOUNDS | {"type": "about:blank"}).encode(),
    ],
)
async def test_any_other_refusal_is_a_failure_rather_than_a_foreign_country(body: bytes) -> None:
    with pytest.raises(ServiceFailure) as failed:
        await active(Refusal(SERVICE, 400, body))
    assert failed.value.reason is Reason.REFUSED


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"type": "FeatureCollection"},
        {"features": []},
        {"type": "Feature", "features": []},
        alerts({"type": "Feature"}),
        alerts({"type": "Feature", "properties": {"event": "Flood Watch"}}),
        alerts(alert(severity=3)),
        alerts(alert(description=["a", "b"])),
    ],
)
async def test_an_answer_that_is_not_as_documented_never_means_that_nothing_is_in_force(answer: Any) -> None:
    with pytest.raises(ServiceFailure) as failed:
        await active(answer)
    assert failed.value.reason is Reason.UNREADABLE
