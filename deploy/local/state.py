"""Where a run keeps what it needs: keys, tokens, data, logs. Only its owner may look."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The checkout; every process of ours runs from here."""
STATE_DIR = Path(os.environ.get("OMNITHREAD_STATE_DIR") or ROOT / ".omnithread")
"""What `make up` keeps, and `make token` reads."""
KEYS_FOLDER = "keys"
"""Below a state folder: the signing key, and what services check tokens with."""


def private_dir(path: Path) -> Path:
    """Make the folder where it is missing, and close it to everybody else."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.chmod(0o700)
    return path


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all: a reader never sees half of it."""
    private_dir(path.parent)
    draft = path.with_name(f".{path.name}.new")
    draft.touch(mode=0o600)
    draft.chmod(0o600)
    draft.write_bytes(content)
    draft.replace(path)
