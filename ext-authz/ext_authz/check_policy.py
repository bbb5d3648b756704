"""Says whether a policy file can be used: ``python -m ext_authz.check_policy FILE``. Changes nothing.

Exit code 0; or 2 with one line on stderr, ``FILE:LINE: what is wrong and how to mend it``.
"""

import sys
from pathlib import Path

from ext_authz.policy_file import PolicyError, load_policy

ANY_URL = "https://localhost"  # a policy is good or bad whatever the public URL is


def main(arguments: list[str]) -> int:
    """The exit code."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m ext_authz.check_policy FILE\n")
        return 2
    try:
        load_policy(Path(arguments[0]), ANY_URL)
    except PolicyError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
