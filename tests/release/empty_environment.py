"""Builds the client package as it is released, and installs it where there is nothing but Python."""

import os
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / "libs/omnithread-client"
TIMEOUT_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Installed:
    """A wheel, and the environment that it was installed into."""

    wheel: Path
    python: Path

    def command(self, script: str, *arguments: str) -> list[str]:
        """Give the command that runs a script there, which sees neither our checkout nor our variables' paths."""
        return [str(self.python), "-I", "-c", script, *arguments]

    def run(self, script: str, *arguments: str) -> str:
        """Run it to its end, and give what it printed."""
        return _run(self.command(script, *arguments), cwd=self.wheel.parent)


def build_and_install(folder: Path) -> Installed:
    """Build the wheel and install it with what it declares, at the versions that the suite is locked to."""
    _run([sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)], cwd=CLIENT)
    (wheel,) = folder.glob("*.whl")
    home = folder / "environment"
    uv = str(Path(sysconfig.get_path("scripts")) / "uv")
    _run([uv, "venv", "--quiet", "--python", sys.executable, str(home)], cwd=folder)
    python = home / "bin/python"
    locked = ROOT / "requirements/runtime.txt"
    _run(
        [uv, "pip", "install", "--quiet", "--python", str(python), "--constraint", str(locked), str(wheel)], cwd=folder
    )
    return Installed(wheel=wheel, python=python)


def _run(command: Sequence[str], *, cwd: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command[:4]} ended with {done.returncode}:\n{done.stdout[-1000:]}{done.stderr[-3000:]}")
    return done.stdout
