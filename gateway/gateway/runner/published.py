"""Names and passwords that stand in this repository, and are therefore everybody's: refused in production."""

import json
from ipaddress import ip_address
from pathlib import Path

from gateway.runner.errors import BadSetting
from gateway.settings import Settings

TEST_USER = "testuser"
GATEWAY_SECRET, MACHINE_SECRET = "keycloak_client_secret", "mcp_machine_secret"
PASSWORDS = (GATEWAY_SECRET, "kc_bootstrap_admin_password", MACHINE_SECRET)


def refuse_published(settings: Settings) -> None:
    """Raises:
    BadSetting: in production, a password or secret of this gateway's is the published one.
    """
    refuse_default(settings, *(PASSWORDS if settings.keycloak_is_ours else (GATEWAY_SECRET, MACHINE_SECRET)))


def refuse_default(settings: Settings, *names: str) -> None:
    """Raises:
    BadSetting: in production, one of the settings `names` is the published one.
    """
    for name in names:
        if settings.is_production and getattr(settings, name) == Settings.model_fields[name].default:
            raise BadSetting(
                f"{name.upper()} must not be the published default when ENVIRONMENT=production: set another"
            )


def open_to_network(settings: Settings) -> str | None:
    """One sentence where others on the network may use what is published; None where they may not."""
    if settings.is_production or ip_address(settings.bind_address).is_loopback:
        return None
    return (
        f"warning: {TEST_USER} and the default passwords, which are published, are open to the network on BIND_ADDRESS "
        f"{settings.bind_address}: set ENVIRONMENT=production to close that (docs/public-name.md)"
    )


def realm_to_import(path: Path, *, production: bool) -> bytes:
    """The realm file at `path`; in production without the test user."""
    committed = path.read_bytes()
    if not production:
        return committed
    realm = json.loads(committed)
    realm["users"] = [user for user in realm.get("users", []) if user["username"] != TEST_USER]
    return json.dumps(realm, indent=2).encode()
