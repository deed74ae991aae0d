"""Finds processes by a mark in their environment, which children inherit."""

import os
import uuid
from pathlib import Path

MARK = "OMNITHREAD_TEST_MARK"


def marked_environment() -> dict[str, str]:
    """Give our environment with a mark that no other has."""
    return {**os.environ, MARK: uuid.uuid4().hex}


def still_running(environment: dict[str, str]) -> list[str]:
    """Give the command lines of the processes that carry the mark."""
    mark = f"{MARK}={environment[MARK]}".encode()
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue
    return found
