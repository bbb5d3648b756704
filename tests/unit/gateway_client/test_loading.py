"""The MCP SDK takes most of a second to load: only a conversation may wait for it."""

import subprocess
import sys


def test_no_command_loads_the_sdk_before_it_speaks_mcp() -> None:
    script = "import sys, gateway.__main__; gateway.__main__.build(); print({'mcp', 'httpx2'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "set()\n"), done.stderr
