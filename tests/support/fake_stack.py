"""`mcp-gateway up` with small components in place of the real ones: `python fake_stack.py FOLDER [how …]`.

The last component, "b", behaves as `how` says (see tests/support/runner.py). Ports come from PORT_A and PORT_B.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from gateway.runner.component import Probe, Stack
from gateway.runner.errors import GatewayError
from gateway.runner.foreground import run_stack
from gateway.runner.progress import LineProgress
from rich.console import Console

from tests.support.runner import fake_component, settings_in


def main() -> int:
    """Runs the stack; ends as the command would."""
    folder, *how = sys.argv[1:]
    home, a, b = Path(folder), int(os.environ["PORT_A"]), int(os.environ["PORT_B"])
    parts = (fake_component("a", home, a), fake_component("b", home, b, *how))
    stack = Stack(parts, front_doors=(Probe(f"http://127.0.0.1:{b}/"),), urls={"b": f"http://127.0.0.1:{b}/"})
    try:
        run_stack(settings_in(home), stack, LineProgress(Console(force_terminal=False)))
    except GatewayError as error:
        sys.stderr.write(f"{error.sentence}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
