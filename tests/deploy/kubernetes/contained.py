"""One process as kubelet would run it, on a machine without one: `unshare --mount ... python -m ... spec.json`.

A root file system of its own, read-only, with the interpreter, the installed packages and our code under `/app`; the
files that are mounted, readable for the group only; another user without any capability; and no variable but the pod's.
Not an image: which packages it has, and which system, is this machine's.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from deploy.local.state import ROOT

USER = 10001
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc/ssl", "/etc/ld.so.cache", "/proc")
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
CODE = {"services": "/app/services", "libs": "/app/libs"}
"""Nothing of `deploy/`: what a service reads of it has to be mounted."""
NAMES = ("profile", "cart", "preference", "messaging", "aggregator", "kafka")
HOSTS = "127.0.0.1 localhost " + " ".join(NAMES) + "\n"
"""What the cluster's DNS would say: every Service leads here."""


def main(file: Path) -> None:
    """Become the process that the file describes."""
    told = json.loads(file.read_text(encoding="utf-8"))
    root = Path(told["root"])
    root.mkdir(parents=True)
    _mount("-t", "tmpfs", "-o", "size=16m,mode=755", "tmpfs", str(root))
    for path in (*SYSTEM, *DEVICES, sys.base_prefix, sys.prefix):
        _show(root, Path(path), path)
    for folder, place in CODE.items():
        _show(root, ROOT / folder, place)
    package = ROOT / "libs/omnithread-client/src"
    _show(root, package, str(package))  # where it is installed as a link
    (root / "tmp").mkdir(exist_ok=True)  # it is there where our code lies in it
    _write(root / "etc/hosts", HOSTS)
    _write(root / "etc/resolv.conf", "nameserver 127.0.0.1\n")  # nobody is there
    _write(root / "etc/nsswitch.conf", "hosts: files dns\n")
    for path, text in told["files"].items():
        _write(root / path.lstrip("/"), text, mode=0o440)
    _mount("-o", "remount,ro", str(root))
    os.chroot(root)
    os.chdir("/app")
    without = ["--no-new-privs", "--inh-caps=-all", "--bounding-set=-all", "--clear-groups"]
    words = ["/usr/bin/setpriv", f"--reuid={USER}", f"--regid={USER}", *without, "--", *told["command"]]
    os.execve(words[0], words, {"PATH": f"{sys.prefix}/bin:/usr/bin:/bin", **told["environment"]})  # noqa: S606


def _show(root: Path, source: Path, place: str) -> None:
    """Put what this machine has at a path of the new root, not to be written to."""
    there = root / place.lstrip("/")
    there.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink() and place in SYSTEM:
        there.symlink_to(source.readlink())
        return
    if not source.exists():
        return
    if source.is_dir():
        there.mkdir(exist_ok=True)
    else:
        there.touch()
    _mount("--bind", str(source), str(there))
    if place not in DEVICES:
        _mount("-o", "remount,bind,ro", str(there))


def _write(path: Path, text: str, *, mode: int = 0o444) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    os.chown(path, 0, USER)


def _mount(*words: str) -> None:
    subprocess.run(["/usr/bin/mount", *words], check=True, timeout=60)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
