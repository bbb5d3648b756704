"""The settings of the stack that runs, for commands that talk to it: `up` may have been given others than they are."""

import os
from pathlib import Path

from gateway.runner.state import running_state
from gateway.settings import Settings, load_settings

# Whoever sets one of these for a command means it, and may mean a gateway elsewhere
SAYS_WHERE = ("PUBLIC_URL", "HTTPS_PORT")


def load_current_settings() -> Settings:
    """Settings from the environment; public URL, ports and certificates are those of the stack that runs, if one does.

    Raises:
        BadSetting: as `load_settings`.
    """
    settings = load_settings()
    state = running_state(settings.state_dir)
    if state is None:
        return settings
    if settings.origin != state.public_url and any(os.environ.get(name) for name in SAYS_WHERE):
        return settings
    ports = {name: port for name, port in state.ports.items() if not os.environ.get(name.upper())}
    return settings.model_copy(
        update={"public_url": state.public_url, "certs_dir": Path(state.ca_file).parent, **ports}
    )
