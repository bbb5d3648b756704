"""After Keycloak is up: the realm follows the public URL of this start, the policy, and the clients' secrets.

Keycloak fills the realm's placeholders in when it imports it, which is once. A note beside its database says which
public URL, resources and secrets (hashed) the realm was last made to fit, so that an ordinary start does not need the
administrator's password, which a careful user has changed.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gateway.policy import PolicyUnreadable, Resource, parse_policy
from gateway.runner.background import in_thread
from gateway.runner.component import Say
from gateway.runner.errors import BadSetting, StartFailed
from gateway.settings import Settings

Reconcile = Callable[..., list[str]]


async def follow_where_allowed(settings: Settings, say: Say, *, reconcile: Reconcile | None = None) -> None:
    """As `follow_public_url`; the realm of another's Keycloak is left alone until its administrator is named."""
    if not settings.keycloak_is_ours and settings.admin_password_is_default:
        say(f"the realm at {settings.keycloak_url} is left as it is (KC_BOOTSTRAP_ADMIN_PASSWORD is not set)")
    else:
        await follow_public_url(settings, say, reconcile=reconcile)


async def follow_public_url(settings: Settings, say: Say, *, reconcile: Reconcile | None = None) -> None:
    """Makes the realm fit the public URL and the resources, where it did not already.

    Raises:
        StartFailed: Keycloak refuses; the text says why.
        BadSetting: the policy file cannot be read.
    """
    resources = read_resources(settings.policy_file)
    note = settings.state_dir / "keycloak" / "data" / "fits.json"
    fits = json.dumps(
        {"public_url": settings.origin, "resources": _plain(resources), **_fingerprint(settings, note)}, sort_keys=True
    )
    if note.exists() and note.read_text(encoding="utf-8") == fits:
        return
    say(f"making the realm fit {settings.origin} and the policy")
    note.parent.mkdir(parents=True, exist_ok=True)
    for change in await in_thread(lambda _: (reconcile or _reconcile)(settings, resources)):
        say(change)
    note.write_text(fits, encoding="utf-8")


def read_resources(policy: Path) -> dict[str, Resource]:
    """The resources by name, from the policy file.

    Raises:
        BadSetting: the file is missing or of another shape (the authorizer says in which line).
    """
    try:
        return parse_policy(policy.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadSetting(f"POLICY_FILE: {policy} cannot be read ({error.strerror})") from error
    except PolicyUnreadable as error:
        raise BadSetting(f"POLICY_FILE: {policy} {error}") from error


def _plain(resources: Mapping[str, Resource]) -> dict[str, Any]:
    """What the realm is made to fit, for the note. Tools are none of its business, as long as no scope is new."""
    return {name: [resource.path, sorted(resource.scopes)] for name, resource in resources.items()}


def _fingerprint(settings: Settings, note: Path) -> dict[str, str]:
    """The client secrets as the note keeps them: slow to guess, and salted as last time, so that they compare."""
    try:
        salt = str(json.loads(note.read_bytes())["salt"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        salt = secrets.token_hex(16)
    known = json.dumps(client_secrets(settings), sort_keys=True).encode()
    return {"salt": salt, "client_secrets": hashlib.scrypt(known, salt=salt.encode(), n=2**14, r=8, p=1).hex()}


def client_secrets(settings: Settings) -> dict[str, str]:
    """The secrets that clients of the realm are made to have. A published one is never written over mcp-machine's,
    which somebody may have set in the console.
    """
    secrets_by_client = {"api-gateway": settings.keycloak_client_secret.get_secret_value()}
    if settings.mcp_machine_secret != Settings.model_fields["mcp_machine_secret"].default:
        secrets_by_client["mcp-machine"] = settings.mcp_machine_secret.get_secret_value()
    return secrets_by_client


def _reconcile(settings: Settings, resources: Mapping[str, Resource]) -> list[str]:
    # Imported here: python-keycloak takes half a second to load, and most starts do not need it
    from gateway.keycloak import RealmError, reconcile_realm  # noqa: PLC0415

    try:
        return reconcile_realm(
            keycloak_url=settings.keycloak_admin_url,
            admin_user=settings.kc_bootstrap_admin_username,
            admin_password=settings.kc_bootstrap_admin_password.get_secret_value(),
            public_url=settings.origin,
            resources=resources,
            client_secrets=client_secrets(settings),
        )
    except RealmError as error:
        raise StartFailed(str(error)) from error
