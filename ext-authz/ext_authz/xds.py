"""The messages of Envoy's xDS API that this package uses, from xds-protos, which ships no types.

Gathered here so that mypy's exceptions stand in one place, and that a reader sees how small a part of the API it is.
"""

from envoy.config.core.v3.base_pb2 import HeaderValue, HeaderValueOption  # type: ignore[import-untyped]
from envoy.service.auth.v3 import external_auth_pb2  # type: ignore[import-untyped]
from envoy.service.auth.v3.attribute_context_pb2 import AttributeContext  # type: ignore[import-untyped]
from envoy.service.auth.v3.external_auth_pb2 import (  # type: ignore[import-untyped]
    CheckRequest,
    CheckResponse,
    DeniedHttpResponse,
    OkHttpResponse,
)
from envoy.service.auth.v3.external_auth_pb2_grpc import (  # type: ignore[import-untyped]
    AuthorizationServicer,
    AuthorizationStub,
    add_AuthorizationServicer_to_server,
)
from envoy.type.v3.http_status_pb2 import HttpStatus  # type: ignore[import-untyped]
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]

AUTHORIZATION_SERVICE: str = external_auth_pb2.DESCRIPTOR.services_by_name["Authorization"].full_name

__all__ = [
    "AUTHORIZATION_SERVICE",
    "AttributeContext",
    "AuthorizationServicer",
    "AuthorizationStub",
    "CheckRequest",
    "CheckResponse",
    "DeniedHttpResponse",
    "HeaderValue",
    "HeaderValueOption",
    "HttpStatus",
    "OkHttpResponse",
    "Status",
    "add_AuthorizationServicer_to_server",
]
