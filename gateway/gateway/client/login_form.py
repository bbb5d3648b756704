"""Signs in on Keycloak's own pages, as a browser would: reads the form, fills it in, follows the redirects.

Nothing listens at the redirect URI: the code is read off the redirect itself. The pages are Keycloak's login theme
(ids `kc-form-login`, `input-error`, `kc-error-message`), so a realm with a second factor needs the browser instead.

Keycloak marks its cookies Secure. Browsers send those to http://localhost too, cookie jars do not: for a realm that
is served over plain HTTP the caller brings an `httpx.Client` whose cookie policy allows it.
"""

import httpx
from bs4 import BeautifulSoup, Tag

from gateway.client.errors import SignInFailed
from gateway.client.origins import is_at, resolve

MAX_STEPS = 8  # pages and redirects between the form and the code; Keycloak needs two, or four with a consent page


class LoginForm:
    """A `SignIn` with a user name and a password, which go to `origin` and nowhere else, whatever a page says.

    It presses Yes on a consent page only if told to.
    """

    redirect_uri = "http://127.0.0.1/callback"  # any port is allowed (RFC 8252 §7.3), and none is opened

    def __init__(self, http: httpx.Client, username: str, password: str, *, origin: str, accept_consent: bool) -> None:
        self._http = http
        self._username = username
        self._password = password
        self._origin = origin
        self._accept_consent = accept_consent

    def __call__(self, authorization_url: str) -> str:
        """Return the redirect that carries the code or an error; raise SignInFailed on any other page."""
        response = self._get(authorization_url)
        signed_in = False
        for _ in range(MAX_STEPS):
            if response.is_redirect:
                target = resolve(str(response.url), response.headers["location"])
                if target.startswith(self.redirect_uri):
                    return target
                response = self._get(target)
                continue
            page = BeautifulSoup(response.text, "html.parser")
            if _form(page, "kc-form-login"):
                if signed_in:
                    raise SignInFailed(f"Keycloak refused {self._username}: {_reason(page)}")
                signed_in = True
                response = self._send_password(response, page)
            elif consent := _consent_form(page):
                response = self._send_consent(response, page, consent)
            else:
                raise SignInFailed(_unexpected(response, page))
        raise SignInFailed("The sign-in did not end; sign in with the browser instead (no --user)")

    def _get(self, url: str) -> httpx.Response:
        # The next page may be a login form: one of another server, or one that came over plain HTTP, is not filled in.
        if not is_at(url, self._origin):
            raise SignInFailed(
                f"The sign-in leads to another server ({url}); sign in with the browser instead (--browser)"
            )
        return self._http.get(url, follow_redirects=False)

    def _send_password(self, response: httpx.Response, page: BeautifulSoup) -> httpx.Response:
        fields = {"username": self._username, "password": self._password, "credentialId": ""}
        return self._submit(response, _form(page, "kc-form-login"), fields)

    def _send_consent(self, response: httpx.Response, page: BeautifulSoup, form: Tag) -> httpx.Response:
        # A person must read what an unknown client asks for; a program that always says yes would defeat the page.
        if not self._accept_consent:
            wanted = ", ".join(item.get_text(" ", strip=True) for item in page.select("#kc-oauth li"))
            raise SignInFailed(f"This client asks for consent ({wanted}); sign in with the browser instead (no --user)")
        fields = {str(item["name"]): str(item.get("value", "")) for item in form.select("input[type=hidden][name]")}
        return self._submit(response, form, fields | {"accept": "Yes"})

    def _submit(self, response: httpx.Response, form: Tag | None, fields: dict[str, str]) -> httpx.Response:
        action = resolve(str(response.url), str(form["action"]) if form else "")
        if not is_at(action, self._origin):
            raise SignInFailed(f"The login form sends its fields to another server: {action}")
        return self._http.post(action, data=fields, follow_redirects=False)


def _form(page: BeautifulSoup, identity: str) -> Tag | None:
    return page.select_one(f"form#{identity}")


def _consent_form(page: BeautifulSoup) -> Tag | None:
    return page.select_one('form[action*="login-actions/consent"]')


def _reason(page: BeautifulSoup) -> str:
    selector = "#input-error, #input-error-username, #input-error-password, .kc-feedback-text, #kc-error-message"
    found = page.select_one(selector)
    return found.get_text(" ", strip=True) if found else "no reason given"


def _unexpected(response: httpx.Response, page: BeautifulSoup) -> str:
    title = page.select_one("#kc-page-title")
    if "required-action" in str(response.url) or page.select_one('form[action*="required-action"]'):
        asked = title.get_text(" ", strip=True) if title else "something"
        return f"Keycloak asks the user for one more step first ({asked}); sign in with the browser once"
    return f"Keycloak shows an error page ({response.status_code}): {_reason(page)}"
