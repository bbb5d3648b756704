"""Why the realm could not be reconciled. Each message is one sentence that names the mend.

RealmError
├── AdminRefused          Keycloak knows the administrator by another name or password
└── KeycloakUnavailable   Keycloak does not answer, or without the realm
"""


class RealmError(Exception):
    """The base of all."""


class AdminRefused(RealmError):
    """The administrator's name or password is wrong, or lacks the right to manage the realm."""


class KeycloakUnavailable(RealmError):
    """No answer, or an answer that makes no sense."""
