"""A stand-in for the client of services outside: it reads scripted answers as strictly, and opens no socket."""

import json
from collections.abc import Mapping
from typing import Any

from mcp_weather.service import Answer, Reason, Service, ServiceFailure
from pydantic import ValidationError


class FakeFetch:
    """Gives the answers in ``script`` in turn; an exception among them is raised. ``asked`` are the parameters."""

    def __init__(self, *script: Any) -> None:
        self._script = list(script)
        self.asked: list[dict[str, str]] = []

    async def get(self, service: Service, path: str, params: Mapping[str, str], answer: type[Answer]) -> Answer:
        self.asked.append(dict(params) | {"path": path})
        scripted = self._script.pop(0)
        if isinstance(scripted, Exception):
            raise scripted
        try:
            return answer.model_validate_json(json.dumps(scripted))
        except ValidationError as error:
            raise ServiceFailure(service, Reason.UNREADABLE) from error
