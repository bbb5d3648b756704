"""Weather alerts in force at a point of the United States, from the National Weather Service (``/alerts/active``).

Documented at weather.gov/documentation/services-web-api; the members are those of the Common Alerting Protocol 1.2.
"""

from typing import Annotated, Literal

from pydantic import Field, ValidationError

from mcp_weather.models import Alert
from mcp_weather.provider import Coordinates
from mcp_weather.service import Fetch, Reason, Refusal, Service, ServiceFailure, Wire

COUNTRY_CODES = frozenset({"US", "PR", "VI", "GU", "AS", "MP", "UM", "PW", "FM", "MH"})
"""ISO 3166-1 codes of where the service may know alerts: states, territories, freely associated states."""

PLACES_OF_DEGREES = 4
"""As many as the service takes; it redirects a point that has more, or that ends in zeros."""

SEVERITIES = ("Extreme", "Severe", "Moderate", "Minor")
"""CAP 1.2, "severity", worst first; what is none of them ("Unknown") comes before all, as it may be anything."""

MAX_TEXT = 2000


class _Properties(Wire):
    event: str
    status: str
    messageType: str  # noqa: N815 - the service's name for it
    severity: str
    headline: str | None = None
    description: str | None = None
    instruction: str | None = None

    @property
    def in_force(self) -> bool:
        return self.status == "Actual" and self.messageType != "Cancel"


class _Feature(Wire):
    properties: _Properties


class _Collection(Wire):
    type: Literal["FeatureCollection"]
    features: Annotated[list[_Feature], Field(max_length=500)]


class _Problem(Wire):
    """RFC 9457."""

    type: str
    detail: str


class UsAlerts:
    """Alerts by point."""

    def __init__(self, fetch: Fetch, service: Service) -> None:
        self._fetch = fetch
        self._service = service

    async def active(self, at: Coordinates) -> list[Alert] | None:
        """The alerts in force at a point, worst first; None where the service knows of none because it is not its land.

        Raises:
            ServiceFailure: the service does not answer.
        """
        params = {"status": "actual", "point": f"{_degrees(at.latitude)},{_degrees(at.longitude)}"}
        try:
            collection = await self._fetch.get(self._service, "/alerts/active", params, _Collection)
        except Refusal as refusal:
            if _is_elsewhere(refusal):
                return None
            raise ServiceFailure(self._service, Reason.REFUSED, status=refusal.status) from refusal
        in_force = [feature.properties for feature in collection.features if feature.properties.in_force]
        return [_alert(properties) for properties in sorted(in_force, key=_rank)]


def _degrees(value: float) -> str:
    # Adding 0.0 makes 0.0 of -0.0.
    return f"{round(value, PLACES_OF_DEGREES) + 0.0:.{PLACES_OF_DEGREES}f}".rstrip("0").rstrip(".")


def _is_elsewhere(refusal: Refusal) -> bool:
    """The service answers 400 'Parameter "point" is invalid: out of bounds' for every point that is not its own."""
    try:
        problem = _Problem.model_validate_json(refusal.body)
    except ValidationError:
        return False
    return problem.type.endswith("/problems/InvalidParameter") and "out of bounds" in problem.detail


def _rank(properties: _Properties) -> int:
    return SEVERITIES.index(properties.severity) if properties.severity in SEVERITIES else -1


def _alert(properties: _Properties) -> Alert:
    texts = (properties.description or properties.headline, properties.instruction)
    text = "\n\n".join(part.strip() for part in texts if part)
    return Alert(
        event=properties.event[:MAX_TEXT],
        severity=properties.severity[:MAX_TEXT],
        description=text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…",
    )
