"""Keeps an imported realm in step with the settings of a later start."""

from gateway.keycloak.errors import AdminRefused, KeycloakUnavailable, RealmError
from gateway.keycloak.reconcile import reconcile_realm

__all__ = ["AdminRefused", "KeycloakUnavailable", "RealmError", "reconcile_realm"]
