"""The login page through the door: all that it loads is served, for the paths of its assets are narrow (S6)."""

from urllib.parse import urlsplit

import pytest
from bs4 import BeautifulSoup

from tests.support.stack import Stack

QUERY = {
    "client_id": "mcp-client",
    "response_type": "code",
    "redirect_uri": "http://localhost:1/cb",
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "code_challenge_method": "S256",
    "scope": "openid",
}


@pytest.mark.covers("S6", "G8")
def test_everything_that_the_login_page_loads_is_served(stack: Stack) -> None:
    with stack.client() as client:
        page = client.get("/realms/mcp-gateway/protocol/openid-connect/auth", params=QUERY)
        loaded = [str(tag.get("href") or tag.get("src")) for tag in BeautifulSoup(page.text, "html.parser")(_loads)]
        assets = {urlsplit(one).path for one in loaded if "/resources/" in one}
        answers = {path: client.get(path).status_code for path in assets}
    assert len(answers) > 3
    assert set(answers.values()) == {200}


def _loads(tag: object) -> bool:
    """A style sheet, an icon or a script of another file."""
    name, attributes = getattr(tag, "name", ""), getattr(tag, "attrs", {})
    return (name == "link" and "href" in attributes) or (name == "script" and "src" in attributes)
