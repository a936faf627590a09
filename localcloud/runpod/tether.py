"""`tether.py PARENT PROGRAM`: run a Python program that ends when its parent does, even by kill -9.

A file of its own, run by its path: it imports nothing of the local cloud, so the program starts as clean as
if Python had been given it directly.
"""

from __future__ import annotations

import ctypes
import os
import runpy
import signal
import sys

PR_SET_PDEATHSIG = 1  # prctl(2)


def tie(parent: int) -> None:
    """Ask the kernel to kill this process with its parent; end at once if that is gone already."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def main() -> None:
    """Tie this process and those it forks, then become the program."""
    parent, program = int(sys.argv[1]), sys.argv[2]
    tie(parent)
    me = os.getpid()
    # RunPod's SDK forks a process that sends its heartbeat; a fork does not inherit the tie.
    os.register_at_fork(after_in_child=lambda: tie(me))
    sys.argv = [program]
    runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    main()
