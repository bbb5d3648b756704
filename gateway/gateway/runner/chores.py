"""What is done now and then while the gateway runs: clients that registered themselves and are not used are removed."""

import asyncio
from collections.abc import Callable

from gateway.runner.background import in_thread
from gateway.runner.component import Say, Step
from gateway.settings import Settings

EVERY = 600.0  # seconds; a realm that strangers filled is open again after an hour, and this


def pruning(settings: Settings) -> Step | None:
    """The chore; None where Keycloak is another's and nobody said who its administrator is."""
    if not settings.keycloak_is_ours and settings.admin_password_is_default:
        return None
    return lambda say: prune_now_and_then(lambda: prune(settings), say)


async def prune_now_and_then(prune: Callable[[], int], say: Say, *, every: float = EVERY) -> None:
    """Prunes until cancelled, or until Keycloak refuses the administrator: guessing on would lock him out."""
    while True:
        await asyncio.sleep(every)
        # Imported here: python-keycloak takes half a second to load, and a start should not wait for it
        from gateway.keycloak import AdminRefused, KeycloakUnavailable  # noqa: PLC0415

        try:
            removed = await in_thread(lambda _: prune())
        except KeycloakUnavailable:
            continue  # its own state says so
        except AdminRefused as error:
            say(f"unused clients that registered themselves are not removed any more: {error}")
            return
        except Exception as error:  # noqa: BLE001 - a chore must not end what it serves; the next time may do
            say(f"unused clients that registered themselves were not removed this time ({type(error).__name__})")
            continue
        if removed:
            say(f"clients that had registered themselves and were not used, now removed: {removed}")


def prune(settings: Settings) -> int:
    """Once; how many were removed. Raises as `prune_clients`."""
    from gateway.keycloak.prune import prune_clients  # noqa: PLC0415 - as above

    return prune_clients(
        keycloak_url=settings.keycloak_admin_url,
        admin_user=settings.kc_bootstrap_admin_username,
        admin_password=settings.kc_bootstrap_admin_password.get_secret_value(),
    )
