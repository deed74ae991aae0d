"""Becomes the command that it is given, in a process that does not outlive its parent.

Run as `python -I -S mortal.py PARENT_PID COMMAND...`. A small program of its own, since what runs between fork and exec
inside a parent with many threads (gRPC's among them) can crash or hang there, before the command has said a word.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1

if __name__ == "__main__":
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(sys.argv[1]):
        sys.exit(1)  # the parent died before we asked
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606  replacing ourselves is what we are for
