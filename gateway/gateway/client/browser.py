"""Signs in with the user's own browser, and takes the code on a loopback port (RFC 8252 §7.3)."""

import http.server
import time
import webbrowser
from collections.abc import Callable

from gateway.client.errors import SignInFailed

PAGE = b"<!doctype html><title>Signed in</title><p>You are signed in. Close this tab and go back to the terminal."


class BrowserSignIn:
    """A `SignIn` that opens the browser and waits at most `timeout` seconds for the redirect."""

    def __init__(
        self,
        tell: Callable[[str], None],
        open_browser: Callable[[str], bool] = webbrowser.open,
        timeout: float = 300,
    ) -> None:
        # Port 0: the system chooses a free one. Only loopback, so nobody else can deliver a code.
        self._server = _CallbackServer(("127.0.0.1", 0), _Callback)
        self._server.timeout = 1
        self._tell = tell
        self._open_browser = open_browser
        self._timeout = timeout

    @property
    def redirect_uri(self) -> str:
        """The loopback address at which this object listens."""
        return f"http://127.0.0.1:{self._server.server_port}/callback"

    def __call__(self, authorization_url: str) -> str:
        """Open the browser and return the redirect's URL; raise SignInFailed when it does not come in time."""
        self._tell(f"Sign in in your browser: {authorization_url}")
        self._open_browser(authorization_url)
        deadline = time.monotonic() + self._timeout
        try:
            while not self._server.answer:
                if time.monotonic() > deadline:
                    raise SignInFailed(f"Nobody signed in within {self._timeout:.0f} s")
                self._server.handle_request()
        finally:
            self._server.server_close()
        return f"http://127.0.0.1:{self._server.server_port}{self._server.answer}"


class _CallbackServer(http.server.HTTPServer):
    answer = ""  # path and query of the redirect, once it came


class _Callback(http.server.BaseHTTPRequestHandler):
    server: _CallbackServer
    timeout = 5  # seconds; a connection that sends nothing (browsers open such) must not hold up the real one

    def do_GET(self) -> None:
        """Take the first request to /callback that has a query; everything else (favicon.ico) is a 404."""
        if not self.path.startswith("/callback?"):
            self.send_error(404)
            return
        self.server.answer = self.path
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_: object) -> None:
        """Say nothing: the request line carries the code."""
