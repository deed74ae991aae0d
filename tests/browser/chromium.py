"""The browser that these tests drive: the machine's Chromium. As a program it installs that where it may.

`python -m tests.browser.chromium` prints where it is, and fails with what to do where there is none.
"""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome")
MISSING = "tests/browser need Chromium: install it (Debian: apt-get install chromium) and run again"
APT = (("apt-get", "update", "-qq"), ("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"))
ARGUMENTS = (
    "--no-sandbox",  # tests run as root, in containers
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
)


def chromium() -> str | None:
    """Give the path of a Chromium; None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def main() -> None:
    """Find one, or install it."""
    if chromium() is None and shutil.which("apt-get") and os.geteuid() == 0:
        sys.stderr.write("no Chromium here: installing it with apt-get\n")
        for command in APT:
            if subprocess.run(command, check=False, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}).returncode:
                break
    found = chromium()
    sys.exit(MISSING) if found is None else sys.stdout.write(f"{found}\n")


if __name__ == "__main__":
    main()
