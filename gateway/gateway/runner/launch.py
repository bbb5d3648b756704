"""Becomes the program in its arguments, tied to the life of the process that started it.

Run as a script (`python -I -S launch.py PARENT_PID PROGRAM [ARGUMENT …]`) and replaced by the program, so the process
keeps its id. On Linux the kernel then sends it SIGKILL when the parent ends, however that ends (prctl(2),
PR_SET_PDEATHSIG: kept across execve). Doing this here and not between fork and exec keeps Python code out of a forked
copy of a process with threads.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Replaces this process. Ends with 1 where the parent is gone already, 127 where the program cannot be run."""
    parent, *program = arguments
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):
        sys.exit(1)  # it ended before the line above could bind us to it
    try:
        os.execv(program[0], program)  # noqa: S606 - no shell is wanted
    except OSError as error:
        sys.stderr.write(f"{program[0]} cannot be run: {error.strerror}\n")
        sys.exit(127)


if __name__ == "__main__":
    main(sys.argv[1:])
