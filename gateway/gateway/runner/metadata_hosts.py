"""After Keycloak is up: it reads client-ID metadata documents from the hosts of CLIENT_ID_METADATA_HOSTS, or from none.

A note beside the database says which hosts the realm knows, so that only a start with others needs the administrator.
"""

from collections.abc import Callable

from gateway.runner.background import in_thread
from gateway.runner.component import Say
from gateway.runner.errors import StartFailed
from gateway.settings import Settings

Allow = Callable[[Settings], None]


async def follow_metadata_hosts(settings: Settings, say: Say, *, allow: Allow | None = None) -> None:
    """Makes the realm's client policies name the hosts, where they did not already.

    Raises:
        StartFailed: Keycloak refuses; the text says why.
    """
    note = settings.state_dir / "keycloak" / "data" / "client-id-metadata-hosts"
    known = note.read_text(encoding="utf-8") if note.exists() else ""
    wanted = settings.client_id_metadata_hosts
    if known == wanted:
        return
    await in_thread(lambda _: (allow or _allow)(settings))
    note.write_text(wanted, encoding="utf-8")
    say(f"client-ID metadata documents are read from {wanted or 'nowhere any more'}")


def _allow(settings: Settings) -> None:
    # Imported here: python-keycloak takes half a second to load, and most starts do not need it
    from gateway.keycloak.errors import RealmError  # noqa: PLC0415
    from gateway.keycloak.metadata_documents import read_documents_of  # noqa: PLC0415

    try:
        read_documents_of(
            settings.metadata_hosts,
            keycloak_url=f"http://localhost:{settings.keycloak_port}",
            admin_user=settings.kc_bootstrap_admin_username,
            admin_password=settings.kc_bootstrap_admin_password.get_secret_value(),
        )
    except RealmError as error:
        raise StartFailed(str(error)) from error
