"""Which tests run in one process where `make test` uses two: those that share what is slow to start, else a file's."""

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

STARTED_ONCE = ("tests/e2e/", "tests/integration/keycloak/")
"""Folders whose tests share a stack, or a Keycloak."""


class Together(LoadScopeScheduling):  # type: ignore[misc]  # its base has no types
    """pytest-xdist's own groups (--dist loadgroup) are marked on each test, and pytest 9.2 loses the mark."""

    def _split_scope(self, nodeid: str) -> str:
        return next((folder for folder in STARTED_ONCE if nodeid.startswith(folder)), nodeid.partition("::")[0])
