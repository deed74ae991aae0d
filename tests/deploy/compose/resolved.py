"""Has compose itself read the file: anchors, defaults and short forms become one plain form."""

import json
import os
import subprocess
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.settings_page import PREFIX

ROOT = Path(__file__).resolve().parents[3]
FILE = ROOT / "deploy/compose.yaml"
Read = Any  # JSON


@dataclass(frozen=True, slots=True)
class Compose:
    """The file, resolved."""

    read: Mapping[str, Read]

    @property
    def services(self) -> Mapping[str, Read]:
        """Every container, by name."""
        services: Mapping[str, Read] = self.read["services"]
        return services

    def environment(self, name: str) -> dict[str, str]:
        """Give what a container is told."""
        return {key: value.replace("$$", "$") for key, value in (self.services[name].get("environment") or {}).items()}

    def settings(self, name: str) -> dict[str, str]:
        """Give the part of it that is the suite's own, by the names of settings."""
        told = self.environment(name).items()
        return {key.removeprefix(PREFIX).lower(): value for key, value in told if key.startswith(PREFIX)}

    def published(self, name: str) -> dict[int, tuple[str, int]]:
        """Give by port of the container where it is reached from outside."""
        return {
            int(port["target"]): (port["host_ip"], int(port["published"]))
            for port in self.services[name].get("ports", ())
        }

    def mounted(self, name: str) -> dict[str, Path]:
        """Give by path inside which path of this machine is seen there."""
        mounts = self.services[name].get("volumes", ())
        return {mount["target"]: Path(mount["source"]) for mount in mounts if mount["type"] == "bind"}


def run_compose(*words: str) -> "subprocess.CompletedProcess[str]":
    """Run `docker compose` on the file, told nothing by our own environment. It needs no engine for this."""
    program = Path(sysconfig.get_path("scripts")) / "docker-compose"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return subprocess.run(
        [program, "--file", FILE, *words], env=kept, capture_output=True, text=True, timeout=300, check=False
    )


def resolved() -> Compose:
    """Read it. Raises ValueError with what compose says."""
    done = run_compose("config", "--format", "json")
    if done.returncode != 0:
        raise ValueError(done.stderr)
    return Compose(json.loads(done.stdout))
