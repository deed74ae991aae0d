"""The Go that tests/clients builds with: Debian's, with gRPC and plugins. As a program it installs them where it may.

`python -m tests.clients.go_here` says what is missing where it may not; the tests that need it are then left out.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGES = (
    *("golang-go", "protoc-gen-go", "protoc-gen-go-grpc"),
    *("golang-google-grpc-dev", "golang-google-genproto-dev", "golang-google-protobuf-dev"),
    "golang-github-golang-protobuf-1-5-dev",  # the one that knows messages of today
)
APT = (("apt-get", "update", "-qq"), ("apt-get", "install", "-y", "-qq", "--no-install-recommends", *PACKAGES))
SOURCES = Path("/usr/share/gocode")
"""Where Debian puts the sources of Go packages: a GOPATH."""
OF_OLD = "github.com/golang/protobuf/proto/table_unmarshal.go"
"""A source of protobuf 1.3 only, which cannot read what protoc-gen-go of today makes."""
MISSING = f"no Go with gRPC here, and its test is left out; on Debian: apt-get install {' '.join(PACKAGES)}"


def has_go() -> bool:
    """Say whether all of it is here."""
    programs = all(shutil.which(name) for name in ("go", "protoc-gen-go", "protoc-gen-go-grpc"))
    sources = SOURCES / "src"
    return programs and (sources / "google.golang.org" / "grpc").exists() and not (sources / OF_OLD).exists()


def main() -> None:
    """Find it, or install it."""
    if not has_go() and shutil.which("apt-get") and os.geteuid() == 0:
        sys.stderr.write("no Go with gRPC here: installing it with apt-get\n")
        for command in APT:
            if subprocess.run(command, check=False, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}).returncode:
                break
    if not has_go():
        sys.stderr.write(f"{MISSING}\n")


if __name__ == "__main__":
    main()
