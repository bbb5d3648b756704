"""Protected resource metadata (RFC 9728 §2, MCP "Authorization Server Discovery"), made from the policy."""

import json
from collections.abc import Mapping

from ext_authz.challenge import METADATA_PREFIX
from ext_authz.policy import Resource
from ext_authz.policy_in_force import Policies


def metadata_documents(policy: Policies, issuer: str) -> Mapping[str, bytes]:
    """Request path → document. One per resource; the root has none, for the origin itself is no resource."""
    return {METADATA_PREFIX + resource.path: _document(resource, issuer) for resource in policy.resources.values()}


def _document(resource: Resource, issuer: str) -> bytes:
    members = {
        "resource": resource.url,  # what the client typed: it compares the two (RFC 9728 §3.3)
        "authorization_servers": [issuer],
        # What every request needs. Scopes of single tools are asked for when one of those is called (step-up).
        "scopes_supported": sorted(resource.scopes),
        "bearer_methods_supported": ["header"],
        "resource_name": resource.title,
    }
    return json.dumps(members).encode()
