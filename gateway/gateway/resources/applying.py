"""Has the running gateway take changed files up, and waits until a client would notice."""

import time
from pathlib import Path

import httpx

from gateway.client.sign_in import http_client
from gateway.resources.errors import NotApplied
from gateway.runner.errors import NotRunning, StartFailed
from gateway.runner.reloading import reload
from gateway.settings import Settings

DEADLINE = 20.0  # seconds; the policy is in force after one, Envoy is back after less
LOOK_EVERY = 0.1
COMPOSE = "docker compose up --detach && docker compose restart envoy"


def apply(settings: Settings, *, appears: str | None = None, disappears: str | None = None) -> bool:
    """Whether a gateway runs here, and has taken the files up. `appears` and `disappears` are resources' paths.

    `settings` are those of the gateway that runs (`load_current_settings`).

    Raises:
        NotApplied: it refused them, or did not take them up in time.
    """
    try:
        reload(settings.state_dir)
        for path, status in ((appears, httpx.codes.OK), (disappears, httpx.codes.NOT_FOUND)):
            if path:
                _wait(settings.origin, settings.certs_dir / "ca.crt", path, status)
    except NotRunning:
        return False
    except StartFailed as error:
        raise NotApplied(f"the files are written, but the running gateway goes on as it was: {error.sentence}") from (
            error
        )
    return True


def _wait(origin: str, ca_file: Path, path: str, status: int) -> None:
    """Until the resource's metadata (RFC 9728) is there, or is not any more."""
    url, last = f"{origin}/.well-known/oauth-protected-resource{path}", "no answer"
    deadline = time.monotonic() + DEADLINE
    with http_client(ca_file) as http:
        while time.monotonic() < deadline:
            try:
                last = f"HTTP {(answer := http.get(url, timeout=2)).status_code}"
                if answer.status_code == status:
                    return
            except httpx.HTTPError as error:
                last = type(error).__name__
            time.sleep(LOOK_EVERY)
    raise NotApplied(f"the files are written and taken up, but {url} does not answer {status} ({last}): see /health")
