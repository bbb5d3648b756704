"""After Keycloak is up: the realm follows the public URL of this start.

Keycloak fills the realm's placeholders in when it imports it, which is once. A note beside its database says which
public URL and resources the realm was last made to fit, so that an ordinary start does not need the administrator's
password, which a careful user has changed.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import yaml

from gateway.runner.background import in_thread
from gateway.runner.component import Say
from gateway.runner.errors import BadSetting, StartFailed
from gateway.settings import Settings

Reconcile = Callable[..., list[str]]


async def follow_public_url(settings: Settings, say: Say, *, reconcile: Reconcile | None = None) -> None:
    """Makes the realm fit the public URL and the resources, where it did not already.

    Raises:
        StartFailed: Keycloak refuses; the text says why.
        BadSetting: the policy file cannot be read.
    """
    resources = read_resources(settings.policy_file)
    note = settings.state_dir / "keycloak" / "data" / "fits.json"
    fits = json.dumps({"public_url": settings.origin, "resources": resources}, sort_keys=True)
    if note.exists() and note.read_text(encoding="utf-8") == fits:
        return
    say(f"making the realm fit {settings.origin}")
    for change in await in_thread(lambda _: (reconcile or _reconcile)(settings, resources)):
        say(change)
    note.write_text(fits, encoding="utf-8")


def read_resources(policy: Path) -> dict[str, str]:
    """Each resource's name and its path at the gateway, from the policy file.

    Raises:
        BadSetting: the file is missing or of another shape (the authorizer says in which line).
    """
    try:
        listed = yaml.safe_load(policy.read_text(encoding="utf-8"))["resources"]
        return {str(name): str(resource["path"]) for name, resource in listed.items()}
    except OSError as error:
        raise BadSetting(f"POLICY_FILE: {policy} cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise BadSetting(f"POLICY_FILE: {policy} does not list resources, each with a path") from error


def _reconcile(settings: Settings, resources: Mapping[str, str]) -> list[str]:
    # Imported here: python-keycloak takes half a second to load, and most starts do not need it
    from gateway.keycloak import RealmError, reconcile_realm  # noqa: PLC0415

    try:
        return reconcile_realm(
            keycloak_url=f"http://localhost:{settings.keycloak_port}",
            admin_user=settings.kc_bootstrap_admin_username,
            admin_password=settings.kc_bootstrap_admin_password.get_secret_value(),
            public_url=settings.origin,
            resources=resources,
        )
    except RealmError as error:
        raise StartFailed(str(error)) from error
