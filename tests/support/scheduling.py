"""Which tests run in one process where two are used: those that share what is slow to start, else those of a file."""

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

STARTED_ONCE = (
    ("tests/e2e/",),
    ("tests/integration/keycloak/",),
    ("tests/attacks/test_s04_real_tokens.py", "tests/attacks/test_s05", "tests/attacks/test_s11"),
)
"""Folders and files whose tests share a stack, or a Keycloak."""


class Together(LoadScopeScheduling):  # type: ignore[misc]  # its base has no types
    """pytest-xdist's own groups (--dist loadgroup) are marked on each test, and pytest 9.2 loses the mark."""

    def _split_scope(self, nodeid: str) -> str:
        return next((group[0] for group in STARTED_ONCE if nodeid.startswith(group)), nodeid.partition("::")[0])
