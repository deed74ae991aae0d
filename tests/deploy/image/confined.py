"""Runs programs of the image as an engine would: as user 10001, every file system read only, nothing but its variables.

Linux's own namespaces do it, also for a user who is not root. Only /dev and /proc stay as they are.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.local.ports import accepts
from deploy.local.server import Server
from tests.deploy.image.building import Image

USER = "10001"
LOCK = (
    "for place in $(findmnt --list --noheadings --output TARGET --real); do"
    ' mount -o remount,bind,ro "$place" || exit 1; done; exec "$@"'
)
OF_THEIR_OWN = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
NOBODY = ["unshare", "--user", f"--map-user={USER}", f"--map-group={USER}"]
START_TIMEOUT_SECONDS = 240.0
RUN_TIMEOUT_SECONDS = 240.0


def confined(image: Image, words: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """Give the command that runs `python <words>` in the image's folder, with these variables and its own."""
    told = [f"{name}={value}" for name, value in {**image.environment, **environment}.items()]
    locked = ["sh", "-c", LOCK, "sh"]
    return [*OF_THEIR_OWN, *locked, *NOBODY, "env", "-i", *told, str(image.python), *words]


def run(image: Image, *words: str, environment: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    """Run `python <words>` to its end."""
    return subprocess.run(
        confined(image, words, environment or {}),
        cwd=image.workdir,
        capture_output=True,
        text=True,
        timeout=RUN_TIMEOUT_SECONDS,
        check=False,
    )


def program(image: Image, name: str, *, environment: Mapping[str, str], port: int, logs: Path) -> Server[str]:
    """Make `python -m services.<name>` a server to start; it answers once something listens at `port`."""
    return Server(
        command=confined(image, ["-m", f"services.{name}"], environment),
        data_dir=logs / name,
        address=f"127.0.0.1:{port}",
        port=port,
        responds=lambda _: accepts(port),
        name=name,
        cwd=image.workdir,
        start_timeout_seconds=START_TIMEOUT_SECONDS,
    )
