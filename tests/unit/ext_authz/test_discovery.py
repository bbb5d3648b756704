"""Protected resource metadata."""

import json

import pytest
from ext_authz.discovery import metadata_documents

from tests.support.authz import ISSUER, WEATHER_URL, shipped_policy


@pytest.mark.covers("R1")
def test_each_resource_has_a_document_at_its_path_and_the_root_has_none() -> None:
    assert set(metadata_documents(shipped_policy(), ISSUER)) == {
        "/.well-known/oauth-protected-resource/mcp/weather",
        "/.well-known/oauth-protected-resource/mcp/calculator",
    }


@pytest.mark.covers("R1")
def test_a_document_says_what_rfc_9728_asks_and_the_least_scopes() -> None:
    document = metadata_documents(shipped_policy(), ISSUER)["/.well-known/oauth-protected-resource/mcp/weather"]
    assert json.loads(document) == {
        "resource": WEATHER_URL,
        "authorization_servers": [ISSUER],
        "scopes_supported": ["mcp:weather"],
        "bearer_methods_supported": ["header"],
        "resource_name": "Weather",
    }
