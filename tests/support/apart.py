"""Components of a gateway of its own, each started by itself and without a runner."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.runner.component import Component
from gateway.runner.inheriting import inherited
from gateway.runner.topology import write_topology
from gateway.settings import Settings

from tests.support.ports import free_ports
from tests.support.runtime import rate_limit_layer, replace


def settings_of_its_own(settings: Settings, keycloak: str, folder: Path) -> Settings:
    """With the same certificates, and its files written."""
    names = [name for name, _ in settings.ports()]
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    own = settings.model_copy(update={**ports, "keycloak_url": keycloak, "state_dir": folder})
    write_topology(own)
    replace(folder / "sds" / "runtime.yaml", rate_limit_layer(enabled=False))
    return own


@contextmanager
def started(component: Component, environment: dict[str, str], **more: str) -> Iterator[None]:
    """One component; nobody waits until it is ready. ``more`` are variables for it alone."""
    process = subprocess.Popen(
        component.argv,
        env=inherited(environment) | dict(component.environment) | more,
        cwd=component.directory,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.kill()
        process.wait()
