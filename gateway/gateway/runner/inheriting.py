"""What components get of the user's environment: an allow-list, for other programs' passwords and keys are in it."""

from collections.abc import Mapping

SYSTEM = frozenset(
    {"PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "LD_LIBRARY_PATH"}
)
RUNTIMES = ("LC_", "PYTHON", "JAVA_")  # prefixes: the locale, and options of the interpreters
# The services' own settings; what the runner decides itself (addresses, files, the secret) is not among them
SETTINGS = frozenset(
    {
        "ALLOWED_CLIENT_SAN",
        "ALLOWED_HOSTS",
        "ALLOWED_ORIGINS",
        "BACKCHANNEL_LOGOUT_URL",
        "ENVIRONMENT",
        "FAILED_INTROSPECTIONS_PER_MINUTE",
        "INTROSPECTION_CACHE_SIZE",
        "INTROSPECTION_TIMEOUT_SECONDS",
        "INTROSPECTION_TTL_SECONDS",
        "KEYCLOAK_CLIENT_ID",
        "KEYCLOAK_REALM",
        "LOGOUT_REPLICAS",
        "LOG_LEVEL",
        "NWS_URL",
        "OPEN_METEO_GEOCODING_URL",
        "OPEN_METEO_URL",
        "TOOLS_BEYOND_SCOPES",
        "WEATHER_CACHE_SECONDS",
        "WEATHER_CONTACT",
        "WEATHER_PROVIDER",
        "WEATHER_TIMEOUT_SECONDS",
    }
)


def inherited(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables of `environment` that a component may see."""
    return {
        name: value
        for name, value in environment.items()
        if name in SYSTEM or name in SETTINGS or name.startswith(RUNTIMES)
    }
