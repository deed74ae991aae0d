"""Prometheus' own tool for checking rules. As a program it installs it where it may.

`python -m tests.observability.promtool` prints where it is, and fails with what to do where there is none.
"""

import os
import shutil
import subprocess
import sys

MISSING = "tests/observability need promtool: install Prometheus (Debian: apt-get install prometheus) and run again"
APT = (("apt-get", "update", "-qq"), ("apt-get", "install", "-y", "-qq", "--no-install-recommends", "prometheus"))


def promtool() -> str | None:
    """Give its path; None where there is none."""
    return shutil.which("promtool")


def main() -> None:
    """Find it, or install it."""
    if promtool() is None and shutil.which("apt-get") and os.geteuid() == 0:
        sys.stderr.write("no promtool here: installing Prometheus with apt-get\n")
        for command in APT:
            if subprocess.run(command, check=False, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}).returncode:
                break
    found = promtool()
    sys.exit(MISSING) if found is None else sys.stdout.write(f"{found}\n")


if __name__ == "__main__":
    main()
