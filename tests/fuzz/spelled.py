"""A request as text, so that the corpus can be read, kept in the repository, and changed by a fuzzer byte by byte.

    METHOD PATH RESOURCE
    header: value

    body

The header ``introspection`` never reaches anybody: it is what the authorization server answers, in JSON.
"""

import json
from dataclasses import dataclass
from typing import Any

from ext_authz.xds import AttributeContext, CheckRequest

INTROSPECTION = "introspection"


@dataclass(frozen=True)
class Spelled:
    """What the text says; ``introspection`` is None where it says nothing readable of that."""

    method: str
    path: str
    resource: str
    headers: list[tuple[str, str]]
    introspection: dict[str, Any] | None
    body: bytes

    def joined(self, name: str) -> str | None:
        """A header as Envoy joins it, None where it is absent."""
        values = [value for known, value in self.headers if known == name]
        return ",".join(values) if values else None

    def check_request(self) -> CheckRequest:
        """As Envoy sends it: names in lower case, values in UTF-8."""
        names = {name for name, _ in self.headers}
        headers = {_utf8(name): _utf8(self.joined(name) or "") for name in names}
        http = AttributeContext.HttpRequest(
            method=_utf8(self.method), path=_utf8(self.path), headers=headers, raw_body=self.body
        )
        request = AttributeContext.Request(http=http)
        return CheckRequest(
            attributes=AttributeContext(request=request, context_extensions={"resource": _utf8(self.resource)})
        )


def spelled(data: bytes) -> Spelled:
    """Read the text; whatever is missing is empty."""
    head, _, body = data.partition(b"\n\n")
    first, *lines = head.decode("utf-8", "surrogateescape").split("\n")
    method, path, resource = (*first.split(" "), "", "", "")[:3]
    pairs = [(name.strip().lower(), value.strip(" \t")) for name, _, value in (line.partition(":") for line in lines)]
    answers = [value for name, value in pairs if name == INTROSPECTION]
    headers = [(name, value) for name, value in pairs if name not in ("", INTROSPECTION)]
    return Spelled(method, path, resource, headers, _object(answers[-1]) if answers else None, body)


def _object(text: str) -> dict[str, Any] | None:
    """As python-keycloak reads an answer."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _utf8(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
